// The list behind a number, the warnings or "+N more", opened by the address's fragment: #list=at_fault. It is asked for
// anew while it is open.

const lists = {
  timer: 0,
  opener: null,
  name: "",

  start() {
    window.addEventListener("hashchange", () => this.follow());
    $("list").addEventListener("close", () => this.closed());
    this.follow();
  },

  wanted() {
    const [, name] = location.hash.match(/^#list=([a-z_]+)$/) || [];
    return name || "";
  },

  follow() {
    const name = this.wanted();
    if (!name) return;
    this.opener = document.activeElement;
    this.fill({ title: "", rows: [], total: null, more: 0 });
    this.show(name);
  },

  async show(name) {
    clearTimeout(this.timer);
    this.name = name;
    let found = null;
    try {
      const query = new URLSearchParams(location.search);
      query.set("id", name);
      const answer = await fetch(`${location.origin}/wall/list?${query}`, { signal: AbortSignal.timeout(4000) });
      if (answer.ok) found = await answer.json();
      if (answer.status === 404) found = { title: "There is no such list", rows: [], total: null, more: 0 };
    } catch {
      found = null;
    }
    if (this.name !== name) return;
    if (found) this.fill(found);
    const blind = !found || life.blind;
    $("list-blind").hidden = !blind;
    $("list").classList.toggle("blind", blind);
    if (!$("list").open) $("list").showModal();
    this.timer = setTimeout(() => this.show(name), 3000);
  },

  closed() {
    clearTimeout(this.timer);
    if (this.wanted()) history.replaceState(null, "", location.pathname + location.search);
    this.name = "";
    if (this.opener && document.contains(this.opener)) this.opener.focus();
  },

  fill(found) {
    $("list-name").textContent = found.total === null ? found.title : `${found.title}: ${found.total}`;
    draw.list($("list-rows"), found.rows, (one) => `${one.id} ${one.number || ""}`, (li, one) => this.row(li, one));
    $("list-rest").textContent = found.more ? `and ${found.more} more` : found.total === 0 ? "Nobody." : "";
  },

  row(li, one) {
    const now = life.beat ? life.beat.at : one.since;
    const said = [words.number(one.number), one.since && `since ${words.since(one.since, now)}`, one.sentence, one.cause, one.more];
    said.push(one.acknowledged && `acknowledged by ${one.acknowledged}`, one.maintenance && `in maintenance: ${one.maintenance}`);
    draw.link(
      li, one, `row s-${one.state}`, symbol(one.state),
      make("span", "name", `${words.device(one)} ${one.name}`.trim()),
      make("span", "about", said.filter(Boolean).join(" · ")),
    );
  },
};
