// The model as elements. Elements of a list are kept by key, so that nothing flickers and the focus stays.

const draw = {
  // Fill `list` with one <li> for each of `items`; `fill` is called only for what has changed.
  list(list, items, key, fill) {
    const old = list.kept || new Map();
    const kept = new Map();
    const focused = document.activeElement;
    items.forEach((item, place) => {
      const name = key(item);
      const said = JSON.stringify(item);
      let li = old.get(name);
      if (!li) li = make("li");
      if (li.said !== said) {
        fill(li, item);
        li.said = said;
      }
      kept.set(name, li);
      if (list.children[place] !== li) list.insertBefore(li, list.children[place] || null);
    });
    while (list.children.length > items.length) list.lastChild.remove();
    list.kept = kept;
    if (focused !== document.activeElement && list.contains(focused)) focused.focus({ preventScroll: true });
  },

  // What cannot be opened has no link; what can leads to the panel of its device.
  link(li, item, classes, ...children) {
    let a = li.firstElementChild;
    if (!a) {
      a = make("a");
      li.append(a);
    }
    a.className = classes;
    a.href = `#device=${encodeURIComponent(item.id)}`;
    a.replaceChildren(...children);
    a.setAttribute("aria-label", spoken(item));
    return a;
  },

  numbers(model) {
    this.list($("number-list"), model.numbers, (one) => one.id, (li, one) => {
      const none = one.value === null;
      li.className = `s-${one.state}`;
      li.dataset.id = one.id;
      const a = make(
        "a", "", make("span", "label", one.label),
        make("span", none ? "value none" : "value", none ? (one.state === "none" ? "–" : "NO DATA") : String(one.value)),
        make("span", "note", symbol(one.state === "none" ? "off" : one.state), make("span", "", one.note || STATE_WORDS[one.state])),
      );
      a.href = `#list=${one.id}`;
      const told = none ? (one.state === "none" ? "not monitored" : "no data") : one.value;
      a.setAttribute("aria-label", `${one.label}: ${told}, ${one.note || STATE_WORDS[one.state]}. List`);
      li.replaceChildren(a);
    });
  },

  // The line below the name of a fault.
  aboutOf(fault, now) {
    const line = [words.number(fault.number), fault.priority ? `P${fault.priority}` : "", words.device(fault)];
    const since = `since ${words.since(fault.since, now)}`;
    return [line.filter(Boolean).join(" "), since, fault.sentence, fault.cause, fault.more].filter(Boolean).join(" · ");
  },

  faultCard(li, fault) {
    const marks = [];
    if (fault.taken) marks.push(make("span", "mark", symbol("taken"), fault.acknowledged));
    if (fault.maintenance) marks.push(make("span", "mark", symbol("works"), "maintenance"));
    this.link(
      li, fault, `card s-fault${fault.taken ? " taken" : ""}${fault.maintenance ? " works" : ""}`,
      symbol("fault"),
      make("span", "name", fault.name),
      make("span", "about", ...marks, make("span", "", fault.about)),
    );
  },

  // How many of `rest` nobody has taken on although they are urgent; the most urgent come first.
  urgentOf(rest, model) {
    const found = rest.filter((one) => one.priority <= 2 && !one.taken && !one.maintenance);
    const beyond = model.fault_total > model.faults.length && found.at(-1) === rest.at(-1) ? " or more" : "";
    return found.length ? `${found.length}${beyond} of P1 or P2 that nobody has taken on` : "none of P1 or P2 that nobody has taken on";
  },

  faults(model, { shown, widths, more }, now) {
    const items = model.faults.slice(0, shown).map((fault) => ({ ...fault, about: this.aboutOf(fault, now) }));
    const rest = model.fault_total - items.length;
    if (rest > 0) items.push({ rest, id: "", urgent: this.urgentOf(model.faults.slice(shown), model) });
    this.list($("fault-list"), items, (one) => (one.rest ? "+" : `${one.id} ${one.number || one.since}`), (li, one) => {
      if (!one.rest) return this.faultCard(li, one);
      const a = make("a", "card more", make("span", "name", `+${one.rest} more`), make("span", "about", one.urgent));
      a.href = "#list=faults";
      a.setAttribute("aria-label", `${one.rest} more faults. List of all`);
      li.replaceChildren(a);
    });
    [...$("fault-list").children].forEach((li, place) => {
      li.style.setProperty("--least", `${place < shown ? widths[place] : more}rem`);
    });
    $("fault-list").hidden = !items.length;
    $("calm").hidden = Boolean(items.length);
    $("faults-head").textContent = items.length ? `Faults ${model.fault_total}` : "Faults";
    if (!items.length) this.calm(model);
  },

  // In a line of `room` rem: whole sentences, as many as it has room for.
  warnings(model, room) {
    const found = [...model.cameras, ...model.others.devices].filter((one) => one.state === "warning");
    const names = found.map((one) => `${one.id} ${one.name}: ${one.words}`);
    const note = $("fault-note");
    const a = make("a", "", symbol("warning"), make("span", "", layout.whole(names, `Warnings ${found.length}`, room)));
    a.href = "#list=warnings";
    note.replaceChildren(...(found.length ? [a] : []));
    note.className = found.length ? "s-warning" : "";
  },

  // Without faults: well only if everything that is asked is known.
  calm(model) {
    const { unknown, doubt } = count([...model.cameras, ...model.others.devices]);
    const calm = $("calm");
    calm.className = unknown ? "s-unknown" : "s-ok";
    let text = doubt ? `No faults confirmed, ${doubt} being checked again` : "No faults. Every check is up to date.";
    if (unknown) text = `No faults known, ${unknown} not checked`;
    calm.replaceChildren(symbol(unknown ? "unknown" : "ok"), make("span", "", text));
  },

  tile(li, item) {
    const shown = `tile s-${item.state}${item.taken ? " taken" : ""}${item.maintenance ? " works" : ""}`;
    const mark = item.taken ? "taken" : item.maintenance ? "works" : item.state;
    const a = this.link(
      li, item, shown, symbol(mark), make("span", "id", item.label || item.id), make("span", "name", item.name),
      make("span", "why", item.words || STATE_WORDS[item.state]),
    );
    a.tabIndex = -1;
  },

  tiles(model, strip) {
    const items = model.cameras.map((one) => ({ ...one, label: one.id.slice(strip) }));
    this.list($("tiles"), items, (one) => one.id, (li, item) => this.tile(li, item));
    const first = $("tiles").querySelector("a[tabindex='0']") || $("tiles").querySelector("a");
    if (first) first.tabIndex = 0;
    const more = model.camera_total - items.length;
    const { counts } = model;
    const told = ["fault", "unknown", "warning", "doubt", "ok", "off"].filter((state) => counts[state]);
    $("cameras-head").textContent = `Cameras ${model.camera_total}`;
    $("camera-note").replaceChildren(...told.map((state) => (
      make("span", `key s-${state}`, symbol(state), `${counts[state]} ${STATE_WORDS[state]}`)
    )), more > 0 ? `The ${items.length} worst are shown.` : "");
  },

  chipWords: (one) => (one.figure && one.state !== "unknown" ? one.figure : one.words || STATE_WORDS[one.state]),

  chips(model) {
    const names = { ups: "UPS", recorder: "recorders", workstation: "workstations", link: "links" };
    const folded = Object.entries(model.others.kinds).map(([kind, { total, ok }]) => (
      { id: "", kind, state: ok === total ? "ok" : "none", name: `${ok} of ${total} ${names[kind]} OK` }
    )).filter(({ kind }) => kind === "link" || model.others.devices.length > this.most);
    const items = [...model.others.devices.slice(0, this.most), ...folded];
    this.list($("chips"), items, (one) => `${one.kind} ${one.id}`, (li, one) => {
      const parts = [symbol(one.state === "none" ? "off" : one.state), make("span", "name", one.name), make("span", "why", one.id ? this.chipWords(one) : "")];
      const classes = `chip s-${one.state}${one.taken ? " taken" : ""}${one.maintenance ? " works" : ""}`;
      if (one.id) return this.link(li, one, classes, ...parts);
      li.replaceChildren(make("div", classes, ...parts));
    });
  },
  most: 10,

  status(model) {
    $("estate").textContent = model.estate;
    $("simulated").hidden = !model.simulated;
    const { reference, sweep } = model;
    set($("reference"), reference.words, { ok: "ok", warning: "warning", fault: "fault" }[reference.state] || "unknown");
    if (!sweep) return set($("sweep"), "none on record", "plain");
    const signed = sweep.signed_by.length ? `signed ${sweep.signed_by.join(", ")}` : "not signed";
    set($("sweep"), `${words.since(sweep.at, life.beat.at)}, ${signed}`, "plain");
  },
};

function set(row, text, state) {
  row.className = `s-${state}`;
  const dd = row.lastElementChild;
  if (dd.textContent !== text) dd.textContent = text;
}

function count(items) {
  const counts = {};
  for (const item of items) counts[item.state] = (counts[item.state] || 0) + 1;
  return counts;
}

// What a screen reader says of a device.
function spoken(item) {
  const said = [`${words.device(item)} ${item.name}: ${STATE_WORDS[item.state].toLowerCase()}`, item.sentence || item.words, item.figure];
  if (item.since) said.push(`since ${words.since(item.since, life.beat.at)}`);
  if (item.number) said.push(words.number(item.number));
  if (item.taken) said.push("acknowledged");
  if (item.maintenance) said.push("in maintenance");
  return said.filter(Boolean).join(", ");
}
