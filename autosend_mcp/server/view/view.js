// Shows one answer of a tool. All that it knows comes from the host's messages (MCP Apps, 2026-01-26); it asks for nothing
// but to be introduced, calls no tool and loads nothing. What others wrote becomes text nodes, never markup.
"use strict";

const MAX_ROWS = 10;
const MAX_TEXT = 240;

// Elements

// Characters that cannot be seen, or that turn the direction of what follows.
const UNSEEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const visible = (text) => text.replace(UNSEEN, "\ufffd");

function element(tag, attributes, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside.flat().filter((each) => each !== null && each !== undefined && each !== ""));
  return made;
}

// A text that may be broken after a sign of an address, rather than anywhere.
const breakable = (text) => text.split(/(?<=[@._-])(?=\w)/).flatMap((part, at) => (at ? [element("wbr", {}), part] : [part]));

// A value of somebody else's: isolated, so that letters of another direction reorder nothing around them.
function value(given) {
  const text = visible(typeof given === "string" ? given : JSON.stringify(given, null, 1));
  const shown = (part) => element("bdi", {}, breakable(part));
  if (text.length <= MAX_TEXT) return shown(text);
  const start = [...text.slice(0, MAX_TEXT)].slice(0, -1).join("");
  return element("details", {}, element("summary", {}, shown(`${start}...`)), shown(text));
}

const absent = (word) => element("span", { class: "quiet" }, word);
const section = (title, ...inside) => [element("h2", {}, title), ...inside.flat()];

// At most so many, the others behind a line that opens.
function few(rows, list) {
  if (rows.length <= MAX_ROWS + 1) return [list(rows)];
  const more = element("summary", {}, `and ${(rows.length - MAX_ROWS).toLocaleString("en")} more`);
  return [list(rows.slice(0, MAX_ROWS)), element("details", {}, more, list(rows.slice(MAX_ROWS)))];
}

const bullets = (rows) => few(rows, (some) => element("ul", {}, some.map((row) => element("li", {}, row))));

function table(columns, rows) {
  const head = () => element("thead", {}, element("tr", {}, columns.map((name) => element("th", { scope: "col" }, name))));
  const cells = ([first, ...rest]) => [element("th", { scope: "row" }, first), rest.map((cell) => element("td", {}, cell))];
  const row = (given) => element("tr", {}, cells(given).flat());
  return few(rows, (some) => element("table", { "data-first": columns[0] }, head(), element("tbody", {}, some.map(row))));
}

// Words

const isObject = (given) => typeof given === "object" && given !== null && !Array.isArray(given);
const members = (given) => (isObject(given) ? Object.entries(given) : []);
const listed = (given) => (Array.isArray(given) ? given : []);
const NAMES = {
  userId: "User id", mobile: "Phone", firstName: "First name", lastName: "Last name", createdAt: "Created",
  updatedAt: "Changed", unsubscribeGroups: "Opted out of", inItAlready: "in it already", alreadyInList: "in it already",
  optedOut: "opted out", wouldCreate: "would be created", wouldUpdate: "would be updated", foundInIt: "found in it",
};
// `wouldJoin` as "would join"; the name of a custom field as it is.
function named(name) {
  if (name.startsWith("customFields.")) return value(name.slice("customFields.".length));
  return NAMES[name] ?? value(name.replace(/[a-z][A-Z]/g, (pair) => `${pair[0]} ${pair[1].toLowerCase()}`));
}
const time = (given) => String(given).replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*Z$/, "$1 $2 UTC");

const OUTCOMES = {
  created: ["Created", "good"], updated: ["Updated", "good"], unchanged: ["Unchanged", ""], done: ["Done", "good"],
  partly_done: ["Partly done", "care"], dry_run: ["Dry run: nothing was sent", ""], stopped: ["Stopped", "care"],
  failed: ["Failed", "bad"], reading: ["Reading the file", ""], defining_fields: ["Defining custom fields", ""],
  sending: ["Sending", ""],
};

// Parts of an answer

const CARD = ["userId", "mobile"];

function card(contact) {
  const name = [contact.firstName, contact.lastName].filter((part) => typeof part === "string" && part);
  const rows = CARD.filter((key) => contact[key]).map((key) => [named(key), value(contact[key])]);
  for (const [key, given] of members(contact.customFields)) rows.push([value(key), value(given)]);
  const lists = listed(contact.lists).map((list) => list?.name).filter(Boolean);
  if (lists.length) rows.push(["Lists", lists.flatMap((one, at) => [at ? ", " : "", value(one)])]);
  const groups = listed(contact.unsubscribeGroups).map((group) => group?.name ?? group?.groupId).filter(Boolean);
  if (groups.length) rows.push([named("unsubscribeGroups"), groups.flatMap((one, at) => [at ? ", " : "", value(one)])]);
  for (const key of ["createdAt", "updatedAt"]) if (contact[key]) rows.push([named(key), value(time(contact[key]))]);
  if (contact.id) rows.push(["Id", value(contact.id)]);
  const fields = rows.flatMap(([term, given]) => [element("dt", {}, term), element("dd", {}, given)]);
  return [
    element("p", { class: "name" }, name.length ? name.flatMap((part, at) => [at ? " " : "", value(part)]) : value(contact.email)),
    name.length ? element("p", { class: "quiet" }, value(contact.email)) : null,
    fields.length ? element("dl", { class: "fields" }, fields) : null,
  ];
}

const side = (given, word) => (given === null || given === undefined || given === "" ? absent(word) : value(given));
const change = ([name, { was, now, wouldBe }]) => [named(name), side(was, "nothing"), side(wouldBe ?? now, "removed")];

// By field; of several contacts by address first.
function changes(given, after) {
  const rows = members(given);
  if (!rows.length) return [];
  const isOne = rows.every(([, each]) => isObject(each) && "was" in each && !isObject(each.was));
  if (isOne) return section("Before and after", table(["Field", "Before", after], rows.map(change)));
  const several = rows.flatMap(([email, fields]) => members(fields).map((each) => [value(email), ...change(each)]));
  return section("Before and after", table(["Contact", "Field", "Before", after], several));
}

function counts(given) {
  const tiles = members(given).filter(([, count]) => Number.isFinite(count));
  const tile = ([name, count]) => element("div", {}, element("dt", {}, named(name)), element("dd", {}, count.toLocaleString("en")));
  return tiles.length ? [element("dl", { class: "counts" }, tiles.map(tile))] : [];
}

// The dry run of a batch names its rows; how many there are is their count.
function countsOfPlan(plan) {
  const whole = { wouldCreate: plan.wouldCreate, wouldUpdate: members(plan.wouldUpdate), unchanged: plan.unchanged, kept: plan.kept };
  const found = Object.entries(whole).concat(members(plan.notSent)).filter(([, rows]) => Array.isArray(rows) && rows.length);
  return counts(Object.fromEntries(found.map(([name, rows]) => [name, rows.length])));
}

const place = (row) => (row.line !== undefined ? `Line ${row.line}` : row.row !== undefined ? `Row ${row.row}` : absent("unknown"));

// Rows by outcome: what was not sent, or has another outcome than most.
function rowsByOutcome(given) {
  return members(given).filter(([, rows]) => listed(rows).length).flatMap(([outcome, rows]) => {
    const title = visible(outcome[0].toUpperCase() + outcome.slice(1));
    if (rows.every((row) => typeof row === "string")) return section(title, bullets(rows.map(value)));
    const cells = rows.filter(isObject).map((row) => [place(row), row.email ? value(row.email) : absent("no address"), value(row.why ?? "")]);
    return section(title, table(["Row", "Contact", "Why"], cells));
  });
}

function lists(given) {
  const rows = listed(given).filter(isObject).map((row) => {
    const name = isObject(row.list) ? row.list.name ?? row.list.id : row.list ?? row.name;
    const said = members(row).filter(([key, each]) => Number.isFinite(each) && key !== "contactCount");
    const why = [row.why, row.outcome === "done" ? "" : row.outcome].filter(Boolean).map((each) => [", ", value(each)]);
    const out = listed(row.optedOut).flatMap((each, at) => [at ? ", " : ", opted out: ", value(each)]);
    return [value(name ?? ""), said.flatMap(([key, each]) => [", ", `${each.toLocaleString("en")} `, named(key)]), why.flat(), out].flat();
  });
  return rows.length ? section("Lists", bullets(rows)) : [];
}

function automations(plan) {
  const [would, may] = [listed(plan.wouldStart), listed(plan.mayStart)];
  if (!would.length && !may.length && typeof plan.effects !== "string") return [];
  const inside = [
    plan.effects ? element("p", {}, value(plan.effects)) : null,
    would.length ? element("p", {}, "Would start, and may send mail:") : null,
    ...(would.length ? bullets(would.map(value)) : []),
    may.length ? element("p", {}, "May start:") : null,
    ...(may.length ? bullets(may.map(value)) : []),
  ];
  return section("Automations", element("div", { class: "care" }, inside));
}

const GATES = { optedOut: "opted out", mayGetMail: "may get mail", unclear: "unclear" };

// Of an import: the columns that say who opted out, and how many each of their values stands for.
function readAs(given) {
  const rows = listed(given.whoMayGetMail).filter(isObject).flatMap((each) =>
    Object.entries(GATES).flatMap(([key, word]) => members(each[key]).map(([cell, count]) => [value(each.column), value(cell), `${count} ${word}`])));
  const columns = members(given.columns).map(([column, field]) => [value(column), field ? named(field) : absent("left out")]);
  return [
    ...(rows.length ? section("Who may get mail", table(["Column", "Value", "Rows"], rows)) : []),
    ...(columns.length ? section("Read as", table(["Column", "Field"], columns)) : []),
  ];
}

// How far an import is.
function progress({ rows, settled, secondsLeft, fieldsToDefine, fieldsDefined }) {
  const said = [
    Number.isFinite(rows) && (settled === undefined || settled === rows ? `${rows} rows` : `${settled} of ${rows} rows`),
    Number.isFinite(secondsLeft) && `${secondsLeft} seconds left`,
    Number.isFinite(fieldsToDefine) && `${fieldsToDefine} custom fields to define`,
  ].filter(Boolean);
  const fields = listed(fieldsDefined).map(value);
  return [
    ...(said.length ? [element("p", { class: "quiet" }, said.join(", "))] : []),
    ...(fields.length ? section("Custom fields defined", bullets(fields)) : []),
  ];
}

function planned(plan) {
  return [
    plan.would ? element("p", {}, "Would ", value(plan.would)) : null,
    ...countsOfPlan(plan),
    ...changes(plan.changes, "Would be"),
    ...(listed(plan.wouldCreate).length ? section("Would be created", bullets(plan.wouldCreate.map(value))) : []),
    ...changes(plan.wouldUpdate, "Would be"),
    ...(listed(plan.optedOut).length ? section("Opted out", bullets(plan.optedOut.map(value))) : []),
    ...rowsByOutcome(plan.notSent),
    ...lists(plan.lists),
    ...automations(plan),
  ];
}

// What would be sent of one contact, where the answer of a dry run has not more of it than that.
const ofPlan = (plan) => (isObject(plan.request?.body) && typeof plan.request.body.email === "string" ? { ...plan.request.body, lists: [] } : null);

function answer(given) {
  const plan = isObject(given.plan) ? given.plan : null;
  const contact = typeof given.email === "string" ? given : plan && ofPlan(plan);
  const problems = listed(given.problems).filter(isObject).map((row) => [place(row), value(row.email ?? ""), value(row.why ?? row.outcome ?? "")]);
  const notes = listed(given.notes).map(value);
  const text = JSON.stringify(given, null, 2);
  return [
    ...(contact ? card(contact) : []),
    ...progress(given),
    ...counts(given.counts),
    ...changes(given.changes, "After"),
    ...(plan ? planned(plan) : []),
    ...rowsByOutcome(given.contacts),
    ...(contact ? [] : lists(given.lists)),
    ...(problems.length ? section("Problems", table(["Row", "Contact", "Why"], problems)) : []),
    ...(isObject(given.readAs) ? readAs(given.readAs) : []),
    ...(notes.length ? section("Notes", bullets(notes)) : []),
    given.nextStep ? element("p", { class: "next" }, value(given.nextStep)) : null,
    given.undo ? element("p", { class: "quiet" }, "Can be taken back: ", value(given.undo)) : null,
    element("details", {}, element("summary", {}, "The whole answer"), element("pre", {}, visible(text))),
  ].filter(Boolean);
}

// A refusal, or whatever else kept it from being done: its text has a line for each fact.
function failure(text) {
  const [first, ...facts] = text.split("\n").filter(Boolean);
  return [element("p", {}, value(first ?? "")), ...(facts.length ? bullets(facts.map(value)) : [])];
}

function show(title, tone, inside) {
  const [heading, place] = [document.getElementById("outcome"), document.getElementById("answer")];
  heading.textContent = title;
  heading.dataset.tone = tone;
  place.replaceChildren(...inside);
  document.querySelector("main").setAttribute("aria-busy", "false");
}

function showResult(result) {
  const text = listed(result?.content).filter((each) => each?.type === "text").map((each) => String(each.text)).join("\n");
  const given = result?.structuredContent;
  if (result?.isError || !isObject(given)) return show(result?.isError ? "Not done as asked" : "Answer", result?.isError ? "bad" : "", failure(text));
  const [title, tone] = Object.hasOwn(OUTCOMES, given.outcome ?? "") ? OUTCOMES[given.outcome] : [given.outcome ? visible(String(given.outcome)) : "Contact", ""];
  show(title, tone, answer(given));
}

// The host

const SHARED = {
  "--back": "--color-background-primary", "--shade": "--color-background-secondary", "--front": "--color-text-primary",
  "--quiet": "--color-text-secondary", "--line": "--color-border-primary",
};

// Its colours only where it has all of them: half of them might not be seen on the other half.
function follow(context) {
  const root = document.documentElement;
  if (context?.theme === "light" || context?.theme === "dark") root.style.colorScheme = context.theme;
  const given = context?.styles?.variables;
  if (!isObject(given)) return;
  const all = Object.entries(SHARED).map(([ours, theirs]) => [ours, given[theirs]]);
  if (all.every(([, colour]) => typeof colour === "string")) for (const [ours, colour] of all) root.style.setProperty(ours, colour);
  if (typeof given["--font-sans"] === "string") root.style.setProperty("--font", given["--font-sans"]);
}

const post = (message) => window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
const notify = (method, params = {}) => post({ method, params });

const INTRODUCTION = 1;
const hears = {
  "ui/notifications/tool-result": showResult,
  "ui/notifications/tool-cancelled": (params) => show("Cancelled", "care", failure(String(params?.reason ?? ""))),
  "ui/notifications/host-context-changed": follow,
};
const answers = new Set(["ui/resource-teardown", "ping"]);

window.addEventListener("message", ({ source, data }) => {
  if (source !== window.parent || !isObject(data) || data.jsonrpc !== "2.0") return;
  if (data.id === INTRODUCTION && data.method === undefined) {
    if (isObject(data.result)) follow(data.result.hostContext);
    notify("ui/notifications/initialized");
    isIntroduced = true;
    tellSize();
  } else if (Object.hasOwn(hears, data.method)) {
    hears[data.method](data.params);
  } else if (data.id !== undefined && typeof data.method === "string") {
    post(answers.has(data.method) ? { id: data.id, result: {} } : { id: data.id, error: { code: -32601, message: "Method not found" } });
  }
});

let [size, isIntroduced] = ["", false];
function tellSize() {
  if (!isIntroduced) return;
  const { width, height } = document.documentElement.getBoundingClientRect();
  const now = { width: Math.ceil(width), height: Math.ceil(height) };
  if (size === (size = JSON.stringify(now))) return;
  notify("ui/notifications/size-changed", now);
}

post({
  id: INTRODUCTION,
  method: "ui/initialize",
  params: {
    protocolVersion: "2026-01-26",
    appInfo: { name: "autosend-mcp", version: "1.0.0" },
    appCapabilities: { availableDisplayModes: ["inline"] },
  },
});
new ResizeObserver(tellSize).observe(document.documentElement);
