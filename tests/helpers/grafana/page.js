// A dashboard drawn in Grafana's grid, with the very components that its stat panel draws with (@grafana/ui).
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { flushSync } from "react-dom";
import { BigValue } from "GRAFANA_UI/components/BigValue/BigValue.mjs";
import { VizRepeater } from "GRAFANA_UI/components/VizRepeater/VizRepeater.mjs";
import * as panels from "./panels.js";

const { data, theme } = panels;
const ROW = 30;
const GAP = 8;
const EDGE = 16;
const HEAD = 32;
const PAD = 8;

export async function draw(dashboard, answers, variables, width = 1920) {
  document.body.innerHTML = "<style>*{box-sizing:border-box}</style>";
  document.body.style.cssText = `margin:0;background:${theme.colors.background.canvas};font-family:${theme.typography.fontFamily};color:#ccccdc`;
  const column = (width - 2 * EDGE + GAP) / 24;
  for (const panel of dashboard.panels) {
    const { x, y, w, h } = panel.gridPos;
    const box = document.createElement("section");
    box.dataset.title = panel.title;
    box.dataset.id = panel.id;
    const size = { width: w * column - GAP, height: h * (ROW + GAP) - GAP };
    box.style.cssText = `position:absolute;overflow:hidden;left:${EDGE + x * column}px;top:${EDGE + y * (ROW + GAP)}px;width:${size.width}px;height:${size.height}px;background:#181b1f`;
    document.body.append(box);
    await fill(box, panel, answers[panel.id] || {}, variables, size);
  }
}

async function fill(box, panel, answers, variables, size) {
  const head = panel.title ? HEAD : 0;
  if (panel.type === "row") {
    box.textContent = panel.title;
    return;
  }
  if (head) {
    const title = document.createElement("header");
    title.textContent = panel.title;
    title.style.cssText = "height:32px;line-height:32px;padding:0 8px;font-size:14px;font-weight:500";
    box.append(title);
  }
  const inside = document.createElement("div");
  const room = { width: size.width - 2 * PAD, height: size.height - head - 2 * PAD };
  inside.style.cssText = `position:absolute;left:${PAD}px;top:${head + PAD}px;width:${room.width}px;height:${room.height}px`;
  box.append(inside);
  if (panel.type === "stat") await stat(inside, panel, answers, variables, room);
  else if (panel.type === "text") inside.innerHTML = data.renderTextPanelMarkdown(panel.options.content);
  else await rest(inside, panel, answers, variables);
}

async function stat(inside, panel, answers, variables, room) {
  const values = await panels.displayValues(panel, answers, variables);
  const { options } = panel;
  const draw = ({ value, alignmentFactors, width, height, count }) =>
    createElement(BigValue, {
      value: value.display,
      count,
      text: options.text,
      colorMode: options.colorMode,
      graphMode: options.graphMode,
      justifyMode: options.justifyMode,
      textMode: options.textMode,
      alignmentFactors,
      width,
      height,
      theme,
      disableWideLayout: !options.wideLayout,
    });
  const repeater = createElement(VizRepeater, {
    getValues: () => values,
    getAlignmentFactors: (all) => data.getDisplayValueAlignmentFactors(all.map((value) => value)),
    renderValue: draw,
    source: values,
    itemSpacing: 3,
    renderCounter: 0,
    autoGrid: true,
    orientation: options.orientation,
    ...room,
  });
  flushSync(() => createRoot(inside).render(repeater));
}

async function rest(inside, panel, answers, variables) {
  const shown = await panels.show(panel, answers, variables);
  inside.style.fontSize = "14px";
  inside.style.overflow = "hidden";
  if (panel.type === "table") inside.append(tableOf(shown));
  else inside.innerText = (shown || []).map((one) => `${one.name || one.title}: ${words(one)}`).join("\n") || panel.fieldConfig.defaults.noValue;
}

function words(one) {
  if (one.states) return one.states.map((state) => state.text).join(" ");
  return one.last ? one.last.text : one.text;
}

function tableOf({ heads, rows, painted, nothing }) {
  const made = document.createElement("table");
  made.style.cssText = "border-spacing:0;white-space:nowrap";
  if (!rows.length) made.innerHTML = `<tr><td>${nothing}</td></tr>`;
  for (const line of [heads.map((text) => ({ text })), ...rows]) {
    const row = made.insertRow();
    line.forEach((cell, at) => {
      const box = row.insertCell();
      box.textContent = cell.text;
      box.style.cssText = `height:36px;padding:0 6px;background:${painted && painted[at] ? cell.color || "" : ""}`;
    });
  }
  return made;
}

// What is read on the screen: text, size of its letters, lines, and whether it is cut.
export function read() {
  return [...document.querySelectorAll("section")].flatMap((section) => {
    const walker = document.createTreeWalker(section, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!node.data.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const tops = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      const box = range.getBoundingClientRect();
      const edge = section.getBoundingClientRect();
      found.push({
        panel: section.dataset.title,
        id: Number(section.dataset.id),
        text: node.data,
        size: parseFloat(getComputedStyle(node.parentElement).fontSize),
        color: getComputedStyle(node.parentElement).color,
        lines: tops.size,
        header: Boolean(node.parentElement.closest("header")),
        cut: box.right > edge.right + 1 || box.bottom > edge.bottom + 1 || box.left < edge.left - 1,
      });
    }
    return found;
  });
}

export { panels };
