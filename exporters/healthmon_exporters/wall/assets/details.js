// The panel of one device, opened by the address's fragment: #device=C017. It is asked for anew while it is open.

const panel = {
  timer: 0,
  opener: null,

  start() {
    window.addEventListener("hashchange", () => this.follow());
    $("details").addEventListener("close", () => this.closed());
    this.follow();
  },

  follow() {
    const [, id] = location.hash.match(/^#device=(.+)$/) || [];
    if (!id) return;
    this.opener = document.activeElement;
    this.fill({ id: decodeURIComponent(id), name: "", faults: [], checks: [] });
    this.show(decodeURIComponent(id));
  },

  async show(id) {
    clearTimeout(this.timer);
    this.id = id;
    let found = null;
    try {
      const answer = await fetch(`/wall/device?id=${encodeURIComponent(id)}`, { signal: AbortSignal.timeout(4000) });
      found = answer.ok ? await answer.json() : null;
      if (!found && answer.status === 404) return this.absent(id);
    } catch {
      found = null;
    }
    if (this.id !== id) return;
    if (found) this.fill(found);
    this.blind(!found || life.blind);
    if (!$("details").open) $("details").showModal();
    this.timer = setTimeout(() => this.show(id), 3000);
  },

  absent(id) {
    this.fill({ id, name: "is not in the configuration", faults: [], checks: [] });
    if (!$("details").open) $("details").showModal();
  },

  blind(blind) {
    $("details-blind").hidden = !blind;
    $("details").classList.toggle("blind", blind);
  },

  closed() {
    clearTimeout(this.timer);
    this.id = "";
    history.replaceState(null, "", location.pathname);
    const tile = this.opener && document.contains(this.opener) ? this.opener : null;
    if (tile) tile.focus();
  },

  fill(found) {
    $("details-name").textContent = `${found.id} ${found.name}`;
    const about = [found.kind, found.site, found.location, found.behind && `behind ${found.behind}`];
    about.push(found.contractor && `repaired by ${found.contractor}`, found.maintenance && `in maintenance: ${found.maintenance}`);
    $("details-about").textContent = about.filter(Boolean).join(" · ");
    $("details-faults").replaceChildren(...found.faults.map((one) => this.fault(one)));
    $("details-checks").replaceChildren(...found.checks.map((one) => this.check(one)));
  },

  fault(one) {
    const now = life.beat ? life.beat.at : one.since;
    const said = [words.number(one.number), one.sentence, `since ${words.since(one.since, now)}`, one.cause];
    said.push(one.acknowledged && `acknowledged by ${one.acknowledged}`);
    return make("li", `s-${one.state}`, symbol(one.state), make("span", "", said.filter(Boolean).join(" · ")));
  },

  check(one) {
    const age = one.age === null ? "never" : `${words.age(one.age)} ago`;
    return make(
      "tr", "", make("td", "", make("span", `key s-${one.state}`, symbol(one.state), STATE_WORDS[one.state])),
      make("th", "", one.check), make("td", "", one.sentence), make("td", "", age),
    );
  },
};
