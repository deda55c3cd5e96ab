// Everything together: a model is drawn, a beat keeps the ages, silence turns all of it grey.

const wall = {
  known: null,

  model(model) {
    document.body.classList.remove("blind");
    words.zone = model.zone;
    draw.status(model);
    draw.numbers(model);
    layout.apply(model, life.beat.at);
    this.news(model);
    this.log(model);
    const { fault_total: bad, counts: { unknown = 0 } } = model;
    const calm = unknown ? `${unknown} not checked` : "No faults";
    document.title = `${bad ? `${bad} FAULT${bad > 1 ? "S" : ""}` : calm}: ${model.estate}`;
  },

  // New faults only are spoken of; what was there when the page opened was read with the page.
  news(model) {
    const now = new Map(model.faults.map((fault) => [`${fault.id} ${fault.number || fault.since}`, fault]));
    if (this.known) {
      const fresh = [...now].filter(([key]) => !this.known.has(key)).map(([, fault]) => fault);
      const said = fresh.slice(0, 3).map((fault) => `New fault: ${fault.name}, ${fault.sentence}.`);
      if (fresh.length > 3) said.push(`And ${fresh.length - 3} more new faults.`);
      if (said.length) $("news").textContent = said.join(" ");
    }
    this.known = now;
  },

  beat() {
    const now = life.now();
    $("time").textContent = words.clock(now);
    const day = words.day(now);
    if ($("day").textContent !== day) {
      $("day").textContent = day;
      layout.apply(life.shown, now); // "since 23:50" is yesterday's now
    }
    const { age } = life.beat;
    const old = age === null ? null : age + performance.now() / 1000 - life.heard;
    set($("data-age"), old === null ? "no result yet" : `${words.age(old)} old`, old === null || old > life.shown.max_age ? "unknown" : "ok");
  },

  // Nothing that was known stays on the screen as if it were known.
  blind() {
    const last = life.shown;
    const at = words.clock(life.lost);
    document.body.classList.add("blind");
    document.title = "NO DATA: healthmon wall";
    $("news").textContent = `No data: no contact with healthmon since ${at}.`;
    $("time").textContent = "--:--:--";
    for (const id of ["data-age", "reference", "sweep"]) set($(id), "no data", "unknown");
    const grey = (one) => ({ id: one.id, name: one.name, kind: one.kind, state: "unknown", words: "NO DATA" });
    const nothing = {
      ...last,
      numbers: last.numbers.map((one) => ({ ...one, value: null, state: "unknown", note: "no contact" })),
      faults: [],
      fault_total: 0,
      cameras: last.cameras.map(grey),
      counts: { unknown: last.camera_total },
      others: { devices: last.others.devices.map(grey), kinds: {} },
    };
    draw.numbers(nothing);
    layout.apply(nothing, life.lost);
    $("calm").replaceChildren(symbol("unknown"), make("span", "", `NO DATA: no contact with healthmon since ${at}`));
    $("fault-note").replaceChildren(life.reason || "Is the computer running? Is the network there? This page continues by itself.");
    $("fault-note").className = "";
    panel.blind(true);
    this.log({ ...nothing, lost: at, cameras: [], others: { devices: [] } });
  },

  // The list for the daily log: what is not well, in words; on the screen it is not seen.
  log(model) {
    const now = life.beat.at;
    const rest = [...model.cameras, ...model.others.devices].filter((one) => !["ok", "off", "fault"].includes(one.state));
    const rows = [...model.faults, ...rest].map((one) => make(
      "tr", "",
      ...[STATE_WORDS[one.state], words.number(one.number), `${one.id} ${one.name}`, one.sentence || one.words || "",
        one.since ? words.since(one.since, now) : "", one.acknowledged || (one.maintenance ? "maintenance" : "")]
        .map((text) => make("td", "", text)),
    ));
    $("log-title").textContent = `${model.estate}: ${words.date(now)} ${words.clock(now)}`;
    const told = Object.entries(model.counts).map(([state, many]) => `${many} ${STATE_WORDS[state]}`).join(", ");
    const blind = `NO DATA: no contact with healthmon since ${model.lost}. Nothing is known of any device.`;
    $("log-about").textContent = model.lost ? blind : `Cameras ${model.camera_total}: ${told}.`;
    if (model.simulated) $("log-about").prepend("SIMULATED ESTATE: none of these devices exists. ");
    $("log-rows").replaceChildren(...rows);
    $("log-rest").textContent = rows.length || model.lost ? "" : "No faults, no warnings, everything is checked.";
  },

  resized() {
    if (!life.shown) return;
    if (life.blind) this.blind();
    else layout.apply(life.shown, life.beat.at);
  },
};

// Arrow keys within a list of links: one tab stop, then left, right, up, down, Home, End.
function arrows(list) {
  list.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const here = links.indexOf(document.activeElement);
    if (here < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const across = getComputedStyle(list).gridTemplateColumns.split(" ").length;
    const steps = { ArrowRight: here + 1, ArrowLeft: here - 1, ArrowDown: here + across, ArrowUp: here - across, Home: 0, End: links.length - 1 };
    const to = links[steps[event.key]];
    if (!to) return;
    event.preventDefault();
    for (const link of links) link.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });
}

arrows($("tiles"));
let waiting = 0;
window.addEventListener("resize", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => wall.resized(), 60);
});
life.start({
  model: (model) => wall.model(model),
  beat: () => wall.beat(),
  blind: () => wall.blind(),
});
panel.start();
lists.start();
