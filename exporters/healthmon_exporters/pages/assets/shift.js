
// A shift check that is being made: how far it has come, until it has its sheet.
async function follow() {
  if (!document.querySelector("#shift-check [data-running]")) return;
  try {
    const answer = await fetch("/shift-check", { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("#shift-check");
    const shown = document.querySelector("#shift-check");
    if (!fresh || shown.contains(document.activeElement)) return;
    shown.innerHTML = fresh.innerHTML;
    shown.className = fresh.className;
    if (!fresh.querySelector("[data-running]")) document.querySelector("#live").textContent = "The shift check is over.";
  } catch {
    document.querySelector("#live").textContent = "NO CONTACT with healthmon: what is shown here is old";
  }
}
setInterval(follow, 2000);

// The keys of the walk and of the desk: not while somebody types, not for a key that is held down, not before the
// camera that they would tick can have been read.
const READ_MS = 500;
const keys = document.querySelector("#keys");
if (keys) {
  const box = keys.querySelector("input");
  let began = performance.now();
  const asked = () => document.querySelector("[data-asked]")?.dataset.asked;
  let first = asked();
  // What the keys answer may change under the finger: it is read first, too.
  if (live) new MutationObserver(() => {
    if (asked() === first) return;
    first = asked();
    began = performance.now();
  }).observe(live, { childList: true, subtree: true });
  const show = () => root.classList.toggle("with-keys", box.checked);
  keys.hidden = false;
  box.checked = kept("keys") !== "off";
  show();
  box.addEventListener("change", () => { keep("keys", box.checked ? "on" : "off"); show(); });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing && event.key === "Escape") event.target.blur();
    const held = event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing;
    if (typing || held || !box.checked || performance.now() - began < READ_MS) return;
    const wanted = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key.toLowerCase());
    if (!wanted) return;
    event.preventDefault();
    if (wanted.matches("input")) wanted.focus(); else wanted.click();
  });
}
// A form is sent once, however often its button is pressed.
document.querySelectorAll("#walk form, .last").forEach((form) => form.addEventListener("submit", (event) => {
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
}));
