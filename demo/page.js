/**
 * The page: a list that follows the server. Text reaches the document through textContent and value only; the policy
 * that the page is served with forbids everything else.
 */

const PAGE_SIZE = 100;
const TOAST_MS = 8_000;
const RETRY_MS = 1_000;

const find = (selector, root = document) => root.querySelector(selector);
const template = (id) => find(`#${id}`).content.cloneNode(true);

const list = find("#notes");
const addForm = find("#add");
const more = find("#more");
const toast = find("#toast");

// ---- the API ----

/** What the server refused: a message, and the issues as `{ path, message }`. */
class ApiError extends Error {
  constructor(message, issues = []) {
    super(message);
    this.issues = issues;
  }
}

async function api(method, path, body) {
  const init = { method, cache: "no-store" };
  if (body !== undefined) {
    init.headers = { "content-type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const response = await fetch(path, init).catch(() => {
    throw new ApiError("The server cannot be reached.");
  });
  const answer = response.status === 204 ? undefined : await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new ApiError(answer.message ?? `The server says ${response.status}.`, answer.issues);
  }
  return answer;
}

// ---- the form, for a new note and for one that is edited ----

let fieldCount = 0;

/** Gives the field an id, for its label and for the line that says what is wrong with it. */
function tie(field) {
  field.id = `${field.name}-${++fieldCount}`;
  const wrong = find(".wrong", field.parentElement);
  wrong.id = `${field.id}-wrong`;
  find("label", field.parentElement).htmlFor = field.id;
  field.setAttribute("aria-describedby", wrong.id);
}

function mark(field, issue) {
  const wrong = find(".wrong", field.parentElement);
  const label = find("label", field.parentElement);
  field.setAttribute("aria-invalid", String(issue !== undefined));
  wrong.textContent = issue === undefined ? "" : `${label.textContent} ${issue.message}.`;
  wrong.hidden = issue === undefined;
}

/** Fills `form` with the fields and calls `save` with what was written; says beside a field what the server refuses. */
function fill(form, save, cancel) {
  form.replaceChildren(template("fields"));
  const { title, body, save: saveButton, cancel: cancelButton } = form.elements;
  const general = find(".general", form);
  const fields = [title, body];
  fields.forEach(tie);

  const complain = (issues, message) => {
    for (const field of fields) mark(field, issues.find(({ path }) => path[0] === field.name));
    general.textContent = issues.length > 0 ? "" : message;
    general.hidden = general.textContent === "";
    find("[aria-invalid=true]", form)?.focus();
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (saveButton.disabled) return;
    saveButton.disabled = true;
    try {
      await save({ title: title.value, body: body.value });
      complain([], "");
    } catch (error) {
      complain(error.issues ?? [], error.message);
    } finally {
      saveButton.disabled = false;
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    if (event.key === "Escape") cancel?.();
  });
  cancelButton.hidden = cancel === undefined;
  cancelButton.addEventListener("click", () => cancel?.());
}

// ---- the list ----

/** The list's items by the id of their note; `show` puts a newer state of the note into the item. */
const shown = new Map();
let limit = PAGE_SIZE;
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function makeItem(note) {
  const item = find("li", template("note"));
  const article = find("article", item);
  const edit = find("[name=edit]", item);
  const remove = find("[name=delete]", item);
  let current = note;

  const show = (note) => {
    current = note;
    find("h3", article).textContent = note.title;
    find(".text", article).textContent = note.body;
    const time = find("time", article);
    time.textContent = dates.format(new Date(note.updatedAt));
    time.dateTime = note.updatedAt;
    edit.setAttribute("aria-label", `Edit ${note.title}`);
    remove.setAttribute("aria-label", `Delete ${note.title}`);
  };

  edit.addEventListener("click", () => {
    const form = document.createElement("form");
    form.noValidate = true;
    form.autocomplete = "off";
    form.setAttribute("aria-label", `Edit ${current.title}`);
    const close = () => {
      form.replaceWith(article);
      edit.focus();
    };
    const save = async (draft) => {
      show(await api("PUT", `/api/notes/${current.id}`, draft));
      close();
    };
    fill(form, save, close);
    form.elements.title.value = current.title;
    form.elements.body.value = current.body;
    article.replaceWith(form);
    form.elements.title.focus();
  });

  remove.addEventListener("click", async () => {
    const { id, title, body } = current;
    remove.disabled = true;
    try {
      await api("DELETE", `/api/notes/${id}`);
    } catch (error) {
      remove.disabled = false;
      return say(error.message);
    }
    // The keyboard's place must not vanish with the note.
    const neighbour = item.nextElementSibling ?? item.previousElementSibling ?? addForm;
    find("button, input", neighbour).focus();
    say(`Deleted “${title}”`, () => api("POST", "/api/notes", { title, body }));
    await refresh();
  });

  show(note);
  return { item, show };
}

/** Makes the list that of `notes`, newest first; what is being edited stays as it is. */
function render(notes) {
  const ids = new Set(notes.map(({ id }) => id));
  for (const [id, { item }] of shown) {
    if (ids.has(id)) continue;
    item.remove();
    shown.delete(id);
  }
  let place = list.firstElementChild;
  for (const note of notes) {
    const known = shown.get(note.id);
    if (known !== undefined) {
      known.show(note);
      place = known.item.nextElementSibling;
    } else {
      const made = makeItem(note);
      shown.set(note.id, made);
      list.insertBefore(made.item, place);
    }
  }
}

function showCount(count) {
  find("#count").textContent = count === 1 ? "1 note" : `${count} notes`;
  find("#empty").hidden = count > 0;
  more.hidden = count <= limit;
}

let refreshing = Promise.resolve();

/** Fetches and shows list and count; one at a time, so that an older answer never overtakes a newer one. */
function refresh() {
  refreshing = refreshing.then(async () => {
    const [notes, { count }] = await Promise.all([
      api("GET", `/api/notes?limit=${limit}`),
      api("GET", "/api/stats"),
    ]);
    render(notes);
    showCount(count);
  }).catch((error) => say(error.message));
  return refreshing;
}

more.addEventListener("click", () => {
  limit += PAGE_SIZE;
  refresh();
});

// ---- the toast ----

let toastTimer;
let undo;

function say(message, undoing) {
  clearTimeout(toastTimer);
  undo = undoing;
  find("span", toast).textContent = message;
  find("button", toast).hidden = undoing === undefined;
  toast.hidden = false;
  toastTimer = setTimeout(() => toast.hidden = true, TOAST_MS);
}

find("button", toast).addEventListener("click", async () => {
  toast.hidden = true;
  try {
    await undo?.();
    await refresh();
  } catch (error) {
    say(error.message);
  }
});

// ---- following the server ----

function showState(state) {
  const live = find("#live");
  live.dataset.state = state;
  live.textContent = state;
}

/** Reads the lines of /api/changes until they end: each tells the revision, and another one is news. */
async function follow(signal) {
  const response = await fetch("/api/changes", { signal, cache: "no-store" });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let known;
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    if (lines.length === 0) continue;
    const { revision } = JSON.parse(lines.at(-1));
    if (revision !== known) await refresh();
    known = revision;
    showState("live");
  }
}

let following = new AbortController();

async function followWhileVisible() {
  following.abort();
  following = new AbortController();
  const { signal } = following;
  while (!signal.aborted) {
    await follow(signal).catch(() => {});
    if (signal.aborted) return;
    showState("offline");
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

// A browser opens six connections to a server at most: a tab that nobody sees gives its one back.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") followWhileVisible();
  else following.abort();
});

async function add(draft) {
  const { title, body } = addForm.elements;
  await api("POST", "/api/notes", draft);
  // What was typed meanwhile belongs to the next note.
  for (const field of [title, body]) if (field.value === draft[field.name]) field.value = "";
  title.focus();
  await refresh();
}
fill(addForm, add);
addForm.elements.save.textContent = "Add note";
followWhileVisible();
