// The panel of one device, opened by the address's fragment: #device=C017. It is asked for anew while it is open.

const panel = {
  timer: 0,
  opener: null,
  id: "",
  shown: "",
  failed: "",

  start() {
    window.addEventListener("hashchange", () => this.follow());
    $("details").addEventListener("close", () => this.closed());
    this.follow();
  },

  wanted() {
    const [, id] = location.hash.match(/^#device=(.+)$/) || [];
    try {
      return id ? decodeURIComponent(id) : "";
    } catch {
      return id; // a lone % in an address that was typed
    }
  },

  follow() {
    const id = this.wanted();
    if (!id) return;
    this.opener = document.activeElement;
    this.fill({ id, name: "", faults: [], checks: [] });
    this.show(id);
  },

  async show(id) {
    clearTimeout(this.timer);
    this.id = id;
    let found = null;
    try {
      const answer = await fetch(`${location.origin}/wall/device?id=${encodeURIComponent(id)}`, { signal: AbortSignal.timeout(4000) });
      if (answer.ok) found = await answer.json();
      if (answer.status === 404) found = { id, name: "is not in the configuration", faults: [], checks: [] };
    } catch {
      found = null;
    }
    if (this.id !== id) return;
    if (found) this.fill(found);
    this.blind(!found || life.blind);
    if (!$("details").open) $("details").showModal();
    this.shown = id;
    this.timer = setTimeout(() => this.show(id), 3000);
  },

  blind(blind) {
    $("details-blind").hidden = !blind;
    $("details").classList.toggle("blind", blind);
  },

  // The browser tells of it later; by then another device may be shown, have been asked for, or be about to be.
  closed() {
    if ($("details").open || this.id !== this.shown) return;
    clearTimeout(this.timer);
    if (this.wanted() === this.id) history.replaceState(null, "", location.pathname + location.search);
    this.id = "";
    const tile = this.opener && document.contains(this.opener) ? this.opener : null;
    if (tile) tile.focus();
  },

  fill(found) {
    $("details-name").textContent = `${words.device(found)} ${found.name}`.trim();
    const about = [found.kind, found.site, found.location, found.behind && `behind ${found.behind}`];
    about.push(found.contractor && `repaired by ${found.contractor}`, found.maintenance && `in maintenance: ${found.maintenance}`);
    $("details-about").textContent = about.filter(Boolean).join(" · ");
    $("details-faults").replaceChildren(...found.faults.map((one) => this.fault(one)));
    $("details-checks").replaceChildren(...found.checks.map((one) => this.check(one)));
    this.clocks(found.clocks || []);
    this.fails(found.failures || []);
  },

  fault(one) {
    const now = life.beat ? life.beat.at : one.since;
    const said = [words.number(one.number), one.sentence, `since ${words.since(one.since, now)}`, one.cause];
    said.push(one.acknowledged && `acknowledged by ${one.acknowledged}`);
    return make("li", `s-${one.state}`, symbol(one.state), make("span", "", said.filter(Boolean).join(" · ")));
  },

  clocks(rows) {
    const table = $("details-clocks");
    table.hidden = rows.length === 0;
    const drawn = rows.map((one) => make("tr", "", make("th", "", one.clock), make("td", "", one.words)));
    table.tBodies[0].replaceChildren(...drawn);
  },

  // Only what is new is drawn anew, so that an open one stays open while the panel is refreshed.
  fails(failures) {
    const text = JSON.stringify(failures);
    if (text === this.failed) return;
    this.failed = text;
    const rows = failures.map((one) =>
      make("details", "", make("summary", "", `Last failed run: ${one.check}`), make("pre", "", one.text)));
    $("details-failures").replaceChildren(...rows);
  },

  check(one) {
    const age = one.age === null ? "never" : `${words.age(one.age)} ago`;
    return make(
      "tr", "", make("td", "", make("span", `key s-${one.state}`, symbol(one.state), STATE_WORDS[one.state])),
      make("th", "", one.check), make("td", "", one.sentence), make("td", "", age),
    );
  },
};
