"""Scripts that find what is cut off on a page, and the contrast of its texts."""

from __future__ import annotations

OVERFLOW = """
const root = document.documentElement;
return [...document.querySelectorAll('body *')]
  .filter((one) => !one.closest('.wide') || one.matches('.wide'))
  .filter((one) => one.getBoundingClientRect().right > root.clientWidth + 0.5)
  .map((one) => one.outerHTML.slice(0, 80));
"""
CUT = """
return [...document.querySelectorAll('td, th, p, li')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline')
  .map((one) => one.textContent.slice(0, 60));
"""
CONTRAST = """
const light = (text) => {
  const part = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const [r, g, b] = text.match(/[\\d.]+/g).map((value) => part(value / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (one) => {
  const own = getComputedStyle(one).backgroundColor;
  return own === 'rgba(0, 0, 0, 0)' && one.parentElement ? behind(one.parentElement) : own;
};
return [...document.querySelectorAll('h1, h2, p, li, th, td, footer')].map((one) => {
  const [high, low] = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
});
"""
