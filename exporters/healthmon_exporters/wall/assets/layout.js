// Sizes. A wall is looked at from 5 m and never scrolled: everything is fitted to the window, in rem of a hundred and
// eighth of its height. A narrow or low window (a telephone, a zoomed page) gets an ordinary page that scrolls.

const NAME_LEAST = 6.6; // 16 arc minutes of capital height at 5 m on a screen of 43 inches (ISO 9241-303)
const NAME_SIZES = [8.4, 7.4, NAME_LEAST];
const GAP = 0.6;
const CARD_EXTRA = 3.8;
const MORE = 6.5;
const TILE_LEAST = 4 * 2.4;

const layout = {
  flows: window.matchMedia("(max-width: 1099px), (max-height: 599px)"),
  pen: document.createElement("canvas").getContext("2d"),
  family: "",

  rem: () => parseFloat(getComputedStyle(document.documentElement).fontSize),

  // The width in rem of `text` in bold at 1 rem.
  width(text) {
    if (!this.family) {
      this.family = getComputedStyle(document.body).fontFamily;
      this.pen.font = `700 100px ${this.family}`;
    }
    return this.pen.measureText(text).width / 100;
  },

  // The labels of the numbers, all of one size.
  labels(model, room) {
    const widest = Math.max(...model.numbers.map((one) => this.width(one.label)));
    $("number-list").style.setProperty("--size", `${Math.min(4.8, room / widest)}rem`);
  },

  // How many faults are shown and how large: as large as all of them fit, else as many as fit at the least size.
  faults(model, width, height) {
    if (this.flows.matches) return { shown: model.faults.length, size: 2.8, widths: [], more: 0 };
    let best = { shown: -1 };
    for (const size of NAME_SIZES) {
      const rows = Math.max(1, Math.floor((height + GAP) / (size * 1.15 + CARD_EXTRA + GAP)));
      const widths = model.faults.map((fault) => Math.min(width, this.width(fault.name) * size + size * 0.74 + 5));
      const shown = this.packed(widths, model.fault_total, width, rows, MORE * size);
      if (shown > best.shown) best = { shown, size, widths, more: MORE * size };
      if (shown === model.fault_total) break;
    }
    return best;
  },

  // How many of `widths` go into `rows`, filled one after the other; when not all do, "+N more" needs its place too.
  packed(widths, total, width, rows, more) {
    let row = 0;
    let used = 0;
    let safe = 0;
    for (const [place, one] of widths.entries()) {
      const next = used ? used + GAP + one : one;
      if (next > width) row += 1;
      if (row === rows) return safe;
      used = next > width ? one : next;
      if (row < rows - 1 || used + GAP + more <= width) safe = place + 1;
    }
    return widths.length === total ? total : safe;
  },

  // Columns and rows of `count` tiles that fill width x height best.
  grid(count, width, height) {
    let best = { score: -1, columns: 1, rows: 1 };
    for (let columns = 1; columns <= count; columns += 1) {
      const rows = Math.ceil(count / columns);
      const w = (width + 0.3) / columns - 0.3;
      const h = (height + 0.3) / rows - 0.3;
      const score = Math.min(w / 1.6, h);
      if (score > best.score) best = { score, columns, rows, w, h };
    }
    return best;
  },

  // The length of what all ids begin with, up to the number.
  common(ids) {
    if (ids.length < 2) return 0;
    const [first, last] = [ids.reduce((a, b) => (a < b ? a : b)), ids.reduce((a, b) => (a > b ? a : b))];
    let length = 0;
    while (length < first.length && first[length] === last[length]) length += 1;
    while (length > 0 && /[0-9]/.test(first[length - 1])) length -= 1;
    return length;
  },

  apply(model, now) {
    const flows = this.flows.matches;
    document.body.classList.toggle("flows", flows);
    const rem = this.rem();
    const main = document.querySelector("main").getBoundingClientRect();
    draw.most = flows ? 1000 : 10;
    draw.chips(model);
    this.labels(model, (main.width / rem - 4 * 0.8) / 5 - 1.2);
    const fixed = $("numbers").getBoundingClientRect().height + $("others").getBoundingClientRect().height;
    const free = (main.height - fixed) / rem - 3 * 0.8;
    const width = main.width / rem;
    const least = Math.max(12, (model.cameras.length * TILE_LEAST) / width + 4);
    const faults = this.faults(model, width, Math.min(free - least, free * 0.56) - 3.4);
    $("fault-list").style.setProperty("--size", `${faults.size}rem`);
    draw.faults(model, faults, now);
    const tiles = $("tiles").getBoundingClientRect();
    const grid = this.grid(model.cameras.length, tiles.width / rem, tiles.height / rem);
    this.tiles(model, grid, flows);
  },

  tiles(model, { columns, rows, w, h }, flows) {
    const level = flows ? "list" : w >= 17 && h >= 8 ? "large" : w >= 9.5 && h >= 4.6 ? "middle" : "small";
    const ids = model.cameras.map((one) => one.id);
    const longest = (cut) => Math.max(0, ...ids.map((id) => this.width(id.slice(cut))));
    const whole = (w - 0.5) / (longest(0) + 2.5);
    let size = { large: Math.min(3.6, h * 0.2, whole), middle: Math.min(2.2, h * 0.29, whole), list: 1.8 }[level];
    let strip = 0;
    let tiny = false;
    if (level === "small") {
      // The size at which the longest id fits when its first `cut` letters are left out; `mark` is the symbol's width.
      const fit = (cut, mark) => Math.min(2.4, h * 0.62, (w - 0.7) / (longest(cut) + mark));
      if (fit(0, 1.15) < 1.3) strip = this.common(ids);
      tiny = fit(strip, 1.15) < 0.85;
      size = Math.max(0.7, fit(strip, tiny ? 0 : 1.15));
    }
    $("tiles").className = tiny ? "small tiny" : level;
    const style = $("tiles").style;
    style.gridTemplateColumns = flows ? "" : `repeat(${columns}, minmax(0, 1fr))`;
    style.gridTemplateRows = flows ? "" : `repeat(${rows}, minmax(0, 1fr))`;
    style.setProperty("--size", `${size}rem`);
    style.setProperty("--lines", h >= (level === "large" ? 10 : 5.4) ? 2 : 1);
    style.setProperty("--more", h >= 14 ? 2 : 1);
    draw.tiles(model, strip);
  },
};
