// Small helpers: elements, symbols, times in the estate's zone, ages.

const $ = (id) => document.getElementById(id);

// An element with class, text and children; text never becomes markup.
function make(tag, classes = "", ...children) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";
function symbol(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "symbol");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#y-${name}`);
  svg.append(use);
  return svg;
}

const STATE_WORDS = {
  fault: "FAULT", warning: "WARNING", unknown: "NOT CHECKED", doubt: "CHECKING AGAIN", ok: "OK", off: "OFF", none: "",
};

const words = {
  // The id of the device that something is about; "" for a site and for what a person has raised about something else.
  device(one) {
    return one.id === "other" || one.id.startsWith("site:") ? "" : one.id;
  },

  zone: "UTC",
  made: {},

  format(name, options) {
    const key = `${name} ${this.zone}`;
    if (!this.made[key]) {
      const full = { hourCycle: "h23", ...options };
      try {
        this.made[key] = new Intl.DateTimeFormat("en-GB", { ...full, timeZone: this.zone });
      } catch {
        this.made[key] = new Intl.DateTimeFormat("en-GB", { ...full, timeZone: "UTC" });
      }
    }
    return this.made[key];
  },
  clock(at) {
    return this.format("clock", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at * 1000);
  },
  minute(at) {
    return this.format("minute", { hour: "2-digit", minute: "2-digit" }).format(at * 1000);
  },
  day(at) {
    return this.format("day", { weekday: "short", day: "numeric", month: "short" }).format(at * 1000);
  },
  date(at) {
    return this.format("date", { weekday: "short", day: "numeric", month: "short", year: "numeric" }).format(at * 1000);
  },
  // "14:02" today, "22 Nov 14:02" before; the year where it is another one.
  since(at, now) {
    const day = this.format("full", { day: "numeric", month: "short", year: "numeric" });
    if (day.format(at * 1000) === day.format(now * 1000)) return this.minute(at);
    const short = this.format("short", { day: "numeric", month: "short" }).format(at * 1000);
    return now - at > 300 * 86400 ? day.format(at * 1000) : `${short} ${this.minute(at)}`;
  },
  age(seconds) {
    if (seconds < 100) return `${Math.max(0, Math.round(seconds))} s`;
    if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
    return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
  },
  number: (number) => (number ? `F${String(number).padStart(6, "0")}` : ""),
};
