// Sizes. A wall is looked at from 5 m and never scrolled: everything is fitted to the window, in rem of a hundred and
// eighth of its height. A narrow or low window (a telephone, a zoomed page) gets an ordinary page that scrolls.

const NAME_LEAST = 6.6; // 16 arc minutes of capital height at 5 m on a screen of 43 inches (ISO 9241-303)
const NAME_SIZES = [8.4, 7.4, NAME_LEAST];
const GAP = 0.6;
const ABOUT_SIZE = 2.1; // of the line below a name, in rem, and its height
const ABOUT_HEIGHT = 2.7;
const CARD_FRAME = 1.1;
const NOTE_SIZE = 1.9;
const CHIP_SIZES = [2, 1.7, 1.4, 1.2];
const MORE = 6.5;
const TILE_LEAST = 4 * 2.4;

const layout = {
  flows: window.matchMedia("(max-width: 1099px), (max-height: 599px)"),
  pen: document.createElement("canvas").getContext("2d"),
  family: "",

  rem: () => parseFloat(getComputedStyle(document.documentElement).fontSize),

  // The width in rem of `text` at 1 rem, in bold where nothing else is said.
  width(text, weight = 700) {
    if (!this.family) this.family = getComputedStyle(document.body).fontFamily;
    this.pen.font = `${weight} 100px ${this.family}`;
    return this.pen.measureText(text).width / 100;
  },

  // The labels of the numbers, all of one size.
  labels(model, room) {
    const widest = Math.max(...model.numbers.map((one) => this.width(one.label)));
    $("number-list").style.setProperty("--size", `${Math.min(4.8, room / widest)}rem`);
  },

  // Long texts at the top are smaller, in two lines.
  head() {
    const header = document.querySelector("header");
    header.classList.remove("tight");
    const cut = [...header.querySelectorAll("#estate,#status dd")].some((one) => one.scrollWidth > one.clientWidth);
    header.classList.toggle("tight", cut && !this.flows.matches);
  },

  // How many devices beside the cameras are shown and how large, so that each is read whole; the others are counted.
  chips({ devices, kinds }, flows, width) {
    if (flows) return { most: 1000, size: CHIP_SIZES[0] };
    for (let most = Math.min(10, devices.length); most > 0; most -= 1) {
      const counted = devices.length > most ? Object.keys(kinds).length : 1;
      const columns = most + counted;
      const room = (width - (columns - 1) * GAP) / columns - 2.7;
      const size = CHIP_SIZES.find((one) => devices.slice(0, most).every((device) => {
        const name = this.lines(device.name, (room - 3) / one) * one;
        return (name + this.lines(draw.chipWords(device), room / (one * 0.85), 500) * one * 0.85) * 1.25 <= 5.8;
      }));
      if (size) return { most, size };
    }
    return { most: 1, size: CHIP_SIZES.at(-1) };
  },

  // How many lines of `room` rem `text` takes at 1 rem; a word that is longer than a line is broken.
  lines(text, room, weight = 700) {
    const space = this.width(" ", weight);
    let lines = 1;
    let used = 0;
    for (const word of text.split(" ")) {
      const one = this.width(word, weight);
      if (used && used + space + one > room) {
        lines += 1;
        used = 0;
      }
      used += one + (used ? space : 0);
      if (used > room) {
        lines += Math.ceil(used / room) - 1;
        used %= room;
      }
    }
    return lines;
  },

  // Width and height of a fault's card on which nothing is cut: as wide as its name, at most a whole row; what is said of
  // it has `below` lines, or more where the card has no room for them.
  card(fault, size, below, width, now) {
    const beside = size * 0.74 + 4;
    const marks = [fault.taken && fault.acknowledged, fault.maintenance && "maintenance"].filter(Boolean);
    const marked = marks.reduce((sum, mark) => sum + this.width(mark) * ABOUT_SIZE + 6, 0);
    const about = draw.aboutOf(fault, now);
    const said = this.width(about, 500) * ABOUT_SIZE * (below > 1 ? 1.1 / below : 1);
    const room = Math.min(width, Math.max(this.width(fault.name) * size + beside + 1, said + marked + 4));
    const lines = this.lines(fault.name, (room - beside) / size);
    const told = this.lines(about, (room - marked - 3.5) / ABOUT_SIZE, 500);
    return { width: room, height: lines * size * 1.15 + told * ABOUT_HEIGHT + CARD_FRAME };
  },

  // How many faults are shown and how large: as large as all of them fit, else as many as fit at the least size.
  faults(model, width, height, now) {
    if (this.flows.matches) return { shown: model.faults.length, size: 2.8, widths: [], more: 0 };
    let best = { shown: -1 };
    for (const [size, below] of NAME_SIZES.flatMap((one) => [[one, 1], [one, 2]])) {
      const cards = model.faults.map((fault) => this.card(fault, size, below, width, now));
      const more = { width: MORE * size, height: size * 1.15 + ABOUT_HEIGHT + CARD_FRAME };
      const one = cards.length ? cards[0].height + (model.fault_total > 1 ? GAP + more.height : 0) : 0;
      // One fault is always named: the tiles make room for it.
      const shown = this.packed(cards, model.fault_total, width, size === NAME_LEAST ? Math.max(height, one) : height, more);
      if (shown > best.shown) best = { shown, size, widths: cards.map((one) => one.width), more: more.width };
      if (shown === model.fault_total) break;
    }
    return best;
  },

  // How many of `cards` go into the room, filled row by row; when not all do, "+N more" needs its place too.
  packed(cards, total, width, height, more) {
    let [top, tall, used, safe] = [0, 0, 0, 0];
    for (const [place, one] of cards.entries()) {
      if (used && used + GAP + one.width > width) {
        top += tall + GAP;
        [tall, used] = [0, 0];
      }
      used += one.width + (used ? GAP : 0);
      tall = Math.max(tall, one.height);
      if (top + tall > height) return safe;
      const beside = used + GAP + more.width <= width && top + Math.max(tall, more.height) <= height;
      if (beside || top + tall + GAP + more.height <= height) safe = place + 1;
    }
    return cards.length === total ? total : safe;
  },

  // As many of `texts` as are seen whole in `room` rem, joined; all of them on a page that scrolls.
  whole(texts, before, room) {
    const shown = [...texts];
    const rest = () => (shown.length < texts.length ? [`+${texts.length - shown.length} more`] : []);
    const joined = () => [...shown, ...rest()].join(" · ");
    while (shown.length && this.width(`${before}${joined()}`) * NOTE_SIZE > room) shown.pop();
    return shown.length ? `${before}: ${joined()}` : before;
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
    this.head();
    const chips = this.chips(model.others, flows, main.width / rem);
    draw.most = chips.most;
    $("chips").style.setProperty("--size", `${chips.size}rem`);
    draw.chips(model);
    this.labels(model, (main.width / rem - 4 * 0.8) / 5 - 1.2);
    const fixed = $("numbers").getBoundingClientRect().height + $("others").getBoundingClientRect().height;
    const free = (main.height - fixed) / rem - 3 * 0.8;
    const width = main.width / rem;
    const least = Math.max(12, (model.cameras.length * TILE_LEAST) / width + 4);
    const faults = this.faults(model, width, Math.min(free - least, free * 0.56) - 3.4, now);
    $("fault-list").style.setProperty("--size", `${faults.size}rem`);
    draw.faults(model, faults, now);
    draw.warnings(model, flows ? Infinity : width - 22);
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
