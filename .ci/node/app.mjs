// The MCP App in a real browser: `node app.mjs COMMAND CHROMIUM [PICTURE]`. A small host connects to the server over stdio,
// reads the page, loads it into a sandboxed frame and plays it what the tools really answered.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import puppeteer from "puppeteer-core";

const [command, executablePath, picture] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE = 30_000;
const EXTENSION = "io.modelcontextprotocol/ui";
const HTML = "text/html;profile=mcp-app";

// The server, as a host with the extension and one without it see it.

async function connect(capabilities) {
  const client = new Client({ name: "checks", version: "0" }, { capabilities });
  const args = ["--sandbox-sample", "--toolsets", "contacts,lists,fields,suppressions,imports"];
  await client.connect(new StdioClientTransport({ command, args, stderr: "ignore" }));
  const { tools } = await client.listTools();
  return { client, tools };
}

const plain = await connect({});
const { client, tools } = await connect({ extensions: { [EXTENSION]: { mimeTypes: [HTML] } } });
const shown = tools.filter((tool) => tool._meta?.ui);
const [uri, ...others] = new Set(shown.map((tool) => tool._meta.ui.resourceUri));
assert.deepEqual(others, []);
assert.deepEqual(plain.tools, tools.map(({ _meta, ...tool }) => tool));
assert(plain.tools.every((tool) => tool.icons?.length === 1 && tool.icons[0].src.startsWith("data:image/svg+xml;base64,")));
assert.deepEqual(client.getServerVersion().icons?.length, 1);
assert((await client.listResources()).resources.some((resource) => resource.uri === uri && resource.mimeType === HTML));
assert(!(await plain.client.listResources()).resources.some((resource) => resource.uri === uri));
await plain.client.close();
const [{ text: html, mimeType, _meta }] = (await client.readResource({ uri })).contents;
assert.equal(mimeType, HTML);
assert.deepEqual(Object.values(_meta.ui.csp).flat(), []);
console.log(`ok ${shown.length} tools have a page, for hosts that declare it alone; ${html.length} characters`);

const call = (name, given) => client.callTool({ name, arguments: given });
const LONG = "long".repeat(240);
const hostile = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;
const people = { email: "grace@example.com", firstName: "Grace", lastName: "Hopper", customFields: { plan: "pro", logins: 41 } };
const csv = ["email,first name,plan,unsubscribed", "grace@example.com,Gracie,pro,no", "new@example.com,New,free,no",
  "gone@example.com,Gone,free,yes", "out@example.com,Out,free,no", "no address,Nobody,free,no"].join("\n");
await call("suppress_emails", { emails: ["out@example.com"], everywhere: true });
const created = await call("create_contact", { ...people, listIds: ["Newsletter"] });
const changed = { email: people.email, firstName: "Grace Brewster", customFields: { plan: "team", logins: 42 }, clear: ["lastName"] };
const foreseen = await call("upsert_contact", { ...changed, dryRun: true });
const results = {
  created,
  foreseen,
  updated: await call("upsert_contact", changed),
  unchanged: await call("upsert_contact", { email: people.email, firstName: "Grace Brewster" }),
  refused: await call("create_contact", people),
  read: await call("get_contact", { email: people.email }),
  batch: await call("upsert_contacts", {
    contacts: [{ email: people.email, firstName: "Gracie" }, ...["new", "newer", "out"].map((name) => ({ email: `${name}@example.com` })), { email: "nobody" }],
    listIds: ["Newsletter"],
    dryRun: true,
  }),
  many: await call("upsert_contacts", { contacts: [...Array(40).keys()].map((n) => ({ email: `p${n}@example.com` })), dryRun: true }),
  imported: await call("start_import", { text: csv, listIds: ["Newsletter"], dryRun: true }),
  hostile: await call("create_contact", { email: "h@example.com", firstName: hostile, lastName: "\u202egnp.exe", customFields: { plan: LONG } }),
};
// No server of ours sends these; the page relies on nobody for it.
results.foreign = { content: [], structuredContent: { outcome: "created", email: "h@example.com", firstName: "\u202egnp.exe", lastName: hostile, changes: { toString: null, a: 5 }, counts: { "<b>": 1 }, lists: ["x", null], notes: [hostile, { a: 1 }], plan: [], contacts: { x: 1 } } };
await client.close();

// The host: its own policy is what the specification asks of hosts, and the frame has no origin of its host's.

const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'none'";
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"], timeout: PATIENCE });
const page = await browser.newPage();
const strange = [];
for (const event of ["request", "requestfinished", "requestfailed"]) {
  page.on(event, (request) => /^(data|about):/.test(request.url()) || strange.push(request.url()));
}
page.on("dialog", async (dialog) => {
  strange.push(`dialog: ${dialog.message()}`);
  await dialog.dismiss();
});
page.on("pageerror", (error) => strange.push(String(error)));
page.on("console", (message) => message.type() === "error" && strange.push(message.text()));
await page.setContent(`<!doctype html><html lang="en"><head><title>Host</title><meta http-equiv="Content-Security-Policy" content="${POLICY}">
<style>body { margin: 0; display: flex; gap: 1rem; align-items: start; background: #8a8f98; } iframe { border: 0; flex: 1; min-width: 0; height: 40px; }</style></head><body></body></html>`);
await page.evaluate(() => {
  window.heard = [];
  window.frames_ = [];
  window.addEventListener("message", ({ source, data }) => {
    const place = window.frames_.find(({ frame }) => frame.contentWindow === source);
    if (!place) return;
    window.heard.push(data);
    const post = (message) => source.postMessage({ jsonrpc: "2.0", ...message }, "*");
    if (data.method === "ui/initialize") {
      const { theme } = place;
      post({ id: data.id, result: { protocolVersion: data.params.protocolVersion, hostInfo: { name: "host", version: "0" }, hostCapabilities: {}, hostContext: { theme } } });
    } else if (data.method === "ui/notifications/initialized") {
      post({ method: "ui/notifications/tool-input", params: { arguments: {} } });
      post({ method: "ui/notifications/tool-result", params: place.result });
    } else if (data.method === "ui/notifications/size-changed") {
      place.frame.style.height = `${data.params.height}px`;
    }
  });
  window.host = {
    show(html, places) {
      window.heard = [];
      document.body.replaceChildren();
      window.frames_ = places.map((place) => {
        const frame = document.createElement("iframe");
        frame.sandbox = "allow-scripts";
        frame.title = "App";
        frame.srcdoc = html;
        document.body.append(frame);
        return { frame, ...place };
      });
    },
    post: (message) => window.frames_[0].frame.contentWindow.postMessage({ jsonrpc: "2.0", ...message }, "*"),
  };
});

async function show(name, theme = "light") {
  await page.evaluate((...given) => window.host.show(...given), html, [{ result: results[name], theme }]);
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  await frame.waitForSelector('main[aria-busy="false"]', { timeout: PATIENCE });
  return frame;
}
const textOf = (frame) => frame.evaluate(() => document.body.innerText.replace(/\s+/g, " "));
const rowsOf = (frame) => frame.$$eval("tbody tr", (rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent).join(" | ")));

// What is shown, for each kind of answer.
const wanted = {
  created: ["Created", "Grace Hopper", "grace@example.com", "plan pro", "logins 41", "Can be taken back"],
  foreseen: ["Dry run: nothing was sent", "Would update", "Before and after", "WOULD BE"],
  updated: ["Updated", "Before and after", "Can be taken back"],
  unchanged: ["Unchanged", "nothing was sent"],
  refused: ["Not done as asked", "already exists. Nothing changed."],
  read: ["Contact", "Grace Brewster", "Lists Newsletter", "UTC"],
  batch: ["Dry run: nothing was sent", "would be created 2", "would be updated 1", "opted out 1", "invalid 1", "Newsletter, 2 would join", "new@example.com", "Welcome to Newsletter"],
  many: ["would be created 40", "and 30 more"],
  imported: ["Dry run: nothing was sent", "would be created 1", "would be updated 1", "opted out 2", "invalid 1", "Newsletter, 1 would join", "5 rows"],
  hostile: ["Created", hostile],
  foreign: ["Created", hostile, "\ufffdgnp.exe"],
};
const rows = {
  foreseen: ["First name | Grace | Grace Brewster", "plan | pro | team", "logins | 41 | 42", "Last name | Hopper | removed"],
  updated: ["First name | Grace | Grace Brewster", "plan | pro | team", "logins | 41 | 42", "Last name | Hopper | removed"],
  batch: ["grace@example.com | First name | Grace Brewster | Gracie", "Row 4 | out@example.com | AutoSend suppresses this address"],
  imported: ["unsubscribed | yes | 1 opted out", "unsubscribed | no | 4 may get mail", "first name | First name"],
};
const squeezed = (text) => text.toLowerCase().replace(/[\s"\\]/g, "");
for (const [name, texts] of Object.entries(wanted)) {
  const frame = await show(name);
  const text = await textOf(frame);
  for (const each of texts) assert(text.toLowerCase().includes(each.toLowerCase()), `${name}: ${each} is not in: ${text}`);
  const found = await rowsOf(frame);
  for (const row of rows[name] ?? []) assert(found.includes(row), `${name}: no row ${row} in\n${found.join("\n")}`);
  const values = await frame.$$eval("bdi", (all) => all.map((each) => each.textContent.replace(/\.\.\.$/, "")));
  const whole = squeezed(results[name].content.map((block) => block.text).join(" "));
  const more = name === "foreign" ? [] : values.filter((each) => !/ UTC$/.test(each) && !whole.includes(squeezed(each)));
  assert.deepEqual(more, [], `${name}: not in the text of the answer`);
  assert.equal(await frame.$$eval("main img, main script, main b, main a, main form, main iframe", (all) => all.length), 0);
}
console.log(`ok ${Object.keys(wanted).length} answers are shown, with nothing in them that the text has not`);

// By axe, in each light and width. The host's theme counts, whatever the system's is.
let rules = 0;
for (const [theme, width, system] of [["light", 1000, "dark"], ["dark", 360, "light"]]) {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: system }]);
  await page.setViewport({ width, height: 900 });
  for (const name of ["read", "updated", "refused", "batch", "imported", "hostile", "foreign"]) {
    const frame = await show(name, theme);
    await frame.$$eval("details", (all) => all.forEach((each) => { each.open = true; }));
    const { violations, passes } = await frame.evaluate(`${axe}; axe.run(document)`);
    assert.deepEqual(violations.map(({ id, nodes }) => `${name}, ${theme}: ${id}: ${nodes[0].html}`), []);
    rules = Math.max(rules, passes.length);
    assert(await frame.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name} is wider than ${width}`);
  }
}
console.log(`ok axe: nothing to complain about, ${rules} rules; light at 1000 and dark at 360 wide`);

// What the host says, and what the page says to it.
const frame = await show("batch", "dark");
const back = () => frame.evaluate(() => getComputedStyle(document.body).backgroundColor);
assert.equal(await back(), "rgb(27, 30, 35)");
const says = (message) => page.evaluate((each) => window.host.post(each), message);
await says({ method: "ui/notifications/host-context-changed", params: { theme: "light" } });
await frame.waitForFunction(() => getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)", { timeout: PATIENCE });
// Its colours are taken where it has all of them.
const colours = { "--color-background-primary": "#fffaf0", "--color-background-secondary": "#f5efe0", "--color-text-primary": "#222222", "--color-text-secondary": "#555555" };
const follow = (variables) => says({ method: "ui/notifications/host-context-changed", params: { styles: { variables } } });
await follow(colours);
assert.equal(await back(), "rgb(255, 255, 255)");
await follow({ ...colours, "--color-border-primary": "#cccccc" });
await frame.waitForFunction(() => getComputedStyle(document.body).backgroundColor === "rgb(255, 250, 240)", { timeout: PATIENCE });
const height = () => page.$eval("iframe", (each) => each.clientHeight);
const fits = () => Math.ceil(document.documentElement.getBoundingClientRect().height) === window.innerHeight;
const before = await height();
await page.focus("iframe");
for (let tries = 0; tries < 20 && !(await frame.evaluate(() => document.activeElement.tagName === "SUMMARY")); tries += 1) await page.keyboard.press("Tab");
await page.keyboard.press("Enter");
await page.waitForFunction((least) => document.querySelector("iframe").clientHeight > least, { timeout: PATIENCE }, before);
await frame.waitForFunction(fits, { timeout: PATIENCE });
await says({ id: 77, method: "ui/resource-teardown", params: { reason: "done" } });
await says({ id: 78, method: "tools/list" });
await page.waitForFunction(() => window.heard.some(({ id }) => id === 78), { timeout: PATIENCE });
const heard = await page.evaluate(() => window.heard);
assert.deepEqual(heard.find(({ id }) => id === 77).result, {});
assert.equal(heard.find(({ id }) => id === 78).error.code, -32601);
assert.deepEqual([...new Set(heard.map(({ method }) => method).filter(Boolean))].sort(),
  ["ui/initialize", "ui/notifications/initialized", "ui/notifications/size-changed"]);
await says({ method: "ui/notifications/tool-cancelled", params: { reason: "<b>changed my mind</b>" } });
await frame.waitForFunction(() => document.body.innerText.includes("<b>changed my mind</b>"), { timeout: PATIENCE });
console.log("ok it follows the host's theme, tells its size, opens by keyboard, and calls no tool");

if (picture) {
  await page.setViewport({ width: 1120, height: 700, deviceScaleFactor: 1 });
  const places = [["updated", "light"], ["batch", "light"], ["imported", "dark"]].map(([name, theme]) => ({ result: results[name], theme }));
  await page.evaluate((...given) => window.host.show(...given), html, places);
  for (const each of await page.$$("iframe")) await (await each.contentFrame()).waitForSelector('main[aria-busy="false"]', { timeout: PATIENCE });
  await new Promise((resolve) => setTimeout(resolve, 500));
  await page.screenshot({ path: picture });
}
assert.deepEqual(strange, []);
console.log("ok nothing was run, and nothing fetched");
await browser.close();
