const root = document.documentElement;
const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* this desk forgets it */ } };

// The palette of this desk: light, dark or night; without a choice that of the system.
const palette = document.querySelector("#palette");
function paint(name) {
  if (name) root.dataset.palette = name; else delete root.dataset.palette;
}
paint(kept("palette"));
if (palette) {
  palette.hidden = false;
  palette.querySelector("select").value = kept("palette") || "";
  palette.addEventListener("change", (event) => { keep("palette", event.target.value); paint(event.target.value); });
}

// A sound for this desk, where it is switched on: two notes for a new urgent fault.
function ring() {
  const audio = new AudioContext();
  [880, 660].forEach((pitch, at) => {
    const tone = audio.createOscillator();
    tone.frequency.value = pitch;
    tone.connect(audio.destination);
    tone.start(audio.currentTime + at * 0.35);
    tone.stop(audio.currentTime + at * 0.35 + 0.3);
  });
  setTimeout(() => audio.close(), 2000);
}
const sound = document.querySelector("#sound");
// A browser may play nothing on a page before somebody has used it; then the desk has to know that it would not ring.
function hear() {
  const audio = new AudioContext();
  sound.querySelector(".muted").hidden = kept("sound") !== "on" || audio.state !== "suspended";
  audio.close();
}
if (sound) {
  sound.hidden = false;
  const box = sound.querySelector("input");
  box.checked = kept("sound") === "on";
  box.addEventListener("change", () => { keep("sound", box.checked ? "on" : "off"); hear(); });
  sound.querySelector("button").addEventListener("click", ring);
  if (box.checked) hear();
  for (const used of ["pointerup", "keyup"]) document.addEventListener(used, () => { if (!sound.querySelector(".muted").hidden) hear(); });
}

// What is live is fetched again; what somebody is reading, filling in or has open stays as it is.
const live = document.querySelector("[data-live]");
const title = document.title;
let known = null;
function urgent() {
  const found = new Set([...document.querySelectorAll("[data-urgent]")].map((row) => row.dataset.urgent));
  document.title = found.size ? `(${found.size}) ${title}` : title;
  const fresh = known && [...found].some((number) => !known.has(number));
  if (fresh && kept("sound") === "on") ring();
  known = found;
}
async function again() {
  const busy = live.contains(document.activeElement) || live.querySelector("details[open]");
  const state = document.querySelector("#live");
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-live]");
    if (!fresh) throw new Error("another page");
    if (!busy) { live.innerHTML = fresh.innerHTML; urgent(); }
    state.removeAttribute("role");
    state.textContent = busy ? "not brought up to date while you are in it" : `as of ${new Date().toLocaleTimeString()}`;
  } catch {
    state.setAttribute("role", "alert"); // only this is read out; that all goes on well is not
    state.textContent = "NO CONTACT with healthmon: what is shown here is old";
  }
}
if (live) {
  urgent();
  // What is on its way is looked at sooner.
  const wait = () => setTimeout(() => again().finally(wait), live.querySelector("[data-soon]") ? 2000 : 15000);
  wait();
}
