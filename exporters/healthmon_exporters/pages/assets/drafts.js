// What is typed into a form is kept in this tab until the form was taken: over a change of person, the end of a
// login, a refusal. Never a password.
const session = (name, value) => {
  try {
    if (value === undefined) return JSON.parse(sessionStorage.getItem(name)) || {};
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch { /* this tab forgets it */ }
  return {};
};
// A form is known by its address, by what it is about (a comment on one camera is none on the next) and by its place
// among several of the same. One may have a field called "action", so that its own is read as it is written.
const ABOUT = ["act", "camera", "do", "what"];
const aboutOf = (form) => [form.getAttribute("action"), ...ABOUT.map((name) => {
  const one = form.elements[name];
  return one && one.type === "hidden" ? one.value : "";
})].join(" ");
const nameOf = (form) => `${aboutOf(form)} ${[...document.forms].filter((one) => aboutOf(one) === aboutOf(form)).indexOf(form)}`;
const fieldsOf = (form) => [...form.elements].filter((one) => one.name && !["hidden", "password", "submit"].includes(one.type));
const choice = (one) => one.type === "radio" || one.type === "checkbox";

// A form that was sent from the page before, and was not refused, is not filled in again.
const sent = session("sent");
session("sent", {});
if (sent.page && !document.querySelector(".alert") && document.referrer && new URL(document.referrer).pathname === sent.page) {
  session("drafts", { ...session("drafts"), [sent.form]: {} });
}
for (const form of document.querySelectorAll('form[method="post"]:not([action="/login"]):not([action="/logout"])')) {
  const draft = session("drafts")[nameOf(form)] || {};
  for (const one of fieldsOf(form).filter((field) => field.name in draft)) {
    if (choice(one)) one.checked = one.value === draft[one.name]; else one.value = draft[one.name];
    const closed = one.closest("details");
    if (closed) closed.open = true;
  }
  form.addEventListener("input", () => {
    const filled = fieldsOf(form).filter((one) => !choice(one) || one.checked);
    const values = Object.fromEntries(filled.map((one) => [one.name, one.value]));
    session("drafts", { ...session("drafts"), [nameOf(form)]: values });
  });
  form.addEventListener("submit", () => session("sent", { page: location.pathname, form: nameOf(form) }));
}
for (const form of document.querySelectorAll('form[action="/logout"]')) form.addEventListener("submit", () => session("drafts", {}));
