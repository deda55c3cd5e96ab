// Is the agent there? The page is blind until its first word and whenever it has said nothing for LIMIT seconds.
//
// An event counts only if it was drawn, and only if it was not held back on the way: the agent's own times in each beat
// show one that came late, such as those that waited while this tab slept; the connection is then opened anew. Should
// this script hang, the veil, an animation in the style sheet that each event starts again, covers the page by itself.

const LIMIT = 8;
const CHECK = 500;

const life = {
  source: null,
  blind: true,
  heard: -Infinity,
  heardAt: 0,
  quickest: [Infinity, Infinity],
  lost: null,
  reason: "",
  beat: null,
  shown: null,
  next: null,
  timer: 0,

  start(hooks) {
    this.hooks = hooks;
    this.open();
    setInterval(() => this.check(), CHECK);
    for (const name of ["visibilitychange", "resume"]) document.addEventListener(name, () => this.check());
    for (const name of ["pageshow", "focus", "online"]) window.addEventListener(name, () => this.check());
  },

  open() {
    if (this.source) this.source.close();
    this.next = null;
    // By the origin, because the page's own address may hold a login, which no request may be made of.
    this.source = new EventSource(`${location.origin}/wall/events${location.search}`);
    this.source.addEventListener("open", () => { this.quickest = [Infinity, Infinity]; });
    this.source.addEventListener("wall", (event) => { this.next = JSON.parse(event.data); });
    this.source.addEventListener("beat", (event) => this.alive(JSON.parse(event.data)));
    this.source.addEventListener("bye", (event) => this.sentAway(JSON.parse(event.data)));
    this.source.addEventListener("error", () => this.failed());
  },

  again(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), milliseconds);
  },

  // The browser tries again by itself unless the answer was an error; then we do.
  failed() {
    if (this.source.readyState === EventSource.CLOSED) this.again(3000);
  },

  sentAway({ reason, seconds }) {
    this.reason = reason;
    this.source.close();
    this.again(seconds * 1000);
  },

  alive(beat) {
    const now = performance.now() / 1000;
    const ways = [now - beat.tick, Date.now() / 1000 - beat.at];
    this.quickest = ways.map((way, which) => Math.min(way, this.quickest[which]));
    if (ways.some((way, which) => way - this.quickest[which] > LIMIT)) {
      this.open();
      return;
    }
    const model = this.next || (this.blind ? this.shown : null);
    this.next = null;
    this.beat = beat;
    if (model) this.hooks.model(model);
    Object.assign(this, { shown: model || this.shown, heard: now, heardAt: Date.now(), reason: "" });
    if (!this.shown) return;
    this.blind = false;
    const veil = $("veil");
    veil.className = veil.className === "one" ? "two" : "one";
    this.hooks.beat();
  },

  // By both clocks, because one of them may stand still while the machine sleeps.
  silence() {
    return Math.max(performance.now() / 1000 - this.heard, (Date.now() - this.heardAt) / 1000);
  },

  check() {
    if (!this.blind && this.silence() > LIMIT) {
      Object.assign(this, { blind: true, lost: this.beat.at });
      $("veil").className = "";
      this.hooks.blind();
    } else if (!this.blind) {
      this.hooks.beat();
    }
  },

  // The agent's time now, Unix seconds; null when it is not known.
  now() {
    return this.beat && !this.blind ? this.beat.at + performance.now() / 1000 - this.heard : null;
  },
};
