// The sandbox's page in a real browser: `node page.mjs URL CHROMIUM [PICTURE]`. axe finds nothing to complain about, what
// happens appears by itself, a keyboard is enough, nothing on the page is run or fetched from elsewhere.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import puppeteer from "puppeteer-core";

const [api, executablePath, picture] = process.argv.slice(2);
const root = new URL(api).origin;
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE = 30_000;

const call = async (method, path, body) => {
  const headers = { Authorization: "Bearer AS_sandbox", "Content-Type": "application/json" };
  const response = await fetch(api + path, { method, headers, body: body && JSON.stringify(body) });
  assert(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
  return (await response.json()).data;
};

// The page's own policy forbids scripts of others; a test has to look inside all the same.
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"], timeout: PATIENCE });
const page = await browser.newPage();
const strange = [];
// A picture of a mail is asked for and refused by the page's policy, which is no traffic.
const note = (request) => {
  const { protocol, origin } = new URL(request.url());
  const refused = request.failure()?.errorText.includes("BLOCKED_BY_CSP") || request.failure()?.errorText === "csp";
  if (!["data:", "about:"].includes(protocol) && origin !== root && !refused) {
    strange.push(`${request.url()} ${request.failure()?.errorText}`);
  }
};
page.on("requestfinished", note);
page.on("requestfailed", note);
page.on("dialog", async (dialog) => {
  strange.push(`dialog: ${dialog.message()}`);
  await dialog.dismiss();
});
page.on("pageerror", (error) => strange.push(String(error)));

const open = (query = "") => page.goto(`${root}/${query}`, { waitUntil: "load", timeout: PATIENCE });
const see = (text) => page.waitForFunction((wanted) => document.body.innerText.includes(wanted), { timeout: PATIENCE }, text);
// Found and clicked in one step: the page may put in new rows between two.
const follow = (link) => Promise.all([page.waitForNavigation({ timeout: PATIENCE }), page.$eval(link, (found) => found.click())]);
const sections = () => page.$$eval("nav a", (links) => links.map((link) => new URL(link.href).searchParams.get("show")));

async function complaints(where) {
  const found = await page.evaluate(`${axe}; axe.run(document, { iframes: false })`);
  const said = found.violations.map(({ id, nodes }) => `${where}: ${id}: ${nodes[0].html}`);
  assert.deepEqual(said, []);
  return found.passes.length;
}

async function accessible() {
  let rules = 0;
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    for (const [width, height] of [[1280, 900], [360, 740]]) {
      await page.setViewport({ width, height });
      for (const name of await sections()) {
        await open(`?show=${name}`);
        rules = Math.max(rules, await complaints(`${name}, ${scheme}, ${width}`));
        if (!(await page.$("main th a"))) continue;
        await follow("main th a");
        await complaints(`${name}, one row, ${scheme}, ${width}`);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert(overflow <= 0, `${name} is wider than a window of ${width}`);
      }
    }
  }
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  await page.setViewport({ width: 1280, height: 900 });
  return rules;
}

// What people wrote is text.
await call("POST", "/contacts", { email: "h@example.com", firstName: `<img src=x onerror="alert(1)"><script>alert(2)</script>` });
await open();
console.log(`ok axe: nothing to complain about in every section, ${await accessible()} rules`);

await open();
await call("POST", "/contacts", { email: "grace@example.com", firstName: "Grace", lastName: "Hopper" });
await see("grace@example.com");
await open("?show=automations");
await call("POST", "/contacts", { email: "linus@example.com", firstName: "Linus" });
await see("linus@example.com");
await open("?show=mails");
await call("POST", "/contacts", { email: "ada@example.com", firstName: "Ada" });
await see("ada@example.com");
console.log("ok a contact, what it starts and its mail appear by themselves");

const html = `<h1>Hello</h1><script>parent.alert(3)</script><img src="http://192.0.2.1/open.gif"><a href="javascript:alert(4)">x</a>`;
await call("POST", "/mails/send", { to: { email: "b@example.com" }, from: { email: "me@example.com" }, subject: "<b>Sale</b>", html });
await see("<b>Sale</b>");
await follow("main th a");
const frame = await (await page.waitForSelector("iframe")).contentFrame();
assert.equal(await frame.$eval("h1", (heading) => heading.textContent), "Hello");
assert.equal(await page.$eval("iframe", (element) => element.getAttribute("sandbox")), "");
console.log("ok a mail is shown in a frame, and its scripts and pictures are not loaded");

await open();
await page.focus("#q");
await page.keyboard.type("Hopper");
await Promise.all([page.waitForNavigation({ timeout: PATIENCE }), page.keyboard.press("Enter")]);
assert.equal((await page.$$("main tbody tr")).length, 1);
await page.focus("main th a");
await Promise.all([page.waitForNavigation({ timeout: PATIENCE }), page.keyboard.press("Enter")]);
await see('"lastName": "Hopper"');
console.log("ok found and opened by keyboard");

await open("?show=requests&q=POST");
await see("POST /v1/mails/send");
page.removeAllListeners("dialog");
page.once("dialog", (dialog) => dialog.accept());
await open();
await page.click("#reset");
await page.waitForFunction(() => !document.body.innerText.includes("ada@example.com"), { timeout: PATIENCE });
await see("jane@example.com");
console.log("ok requests are shown, and the sandbox starts anew");

// Many: what is on the page, and what is sent for it, does not grow with what there is.
const MANY = 10_000;
const ROWS = 50;
const MAX_BYTES = 64_000;
for (let start = 0; start < MANY; start += 100) {
  const emails = Array.from({ length: 100 }, (_, number) => `many${start + number}@example.com`);
  await call("POST", "/contacts/bulk-update", { contacts: emails.map((email) => ({ email, firstName: "Many" })), runWorkflow: true });
  const recipients = emails.map((email) => ({ email }));
  await call("POST", "/mails/bulk", { recipients, from: { email: "me@example.com" }, subject: "Hello", html: "<p>Hello</p>" });
}
const sent = []; // bytes of each answer with the page, 0 for one that it is as it was
page.on("response", (response) => {
  if (new URL(response.url()).pathname !== "/") return;
  sent.push(response.status() === 304 ? 0 : Number(response.headers()["content-length"] ?? Infinity)); // the browser may drop the body
});
const idle = () => page.waitForResponse((response) => response.status() === 304, { timeout: PATIENCE });
for (const name of ["contacts", "automations", "mails", "requests"]) {
  await Promise.all([open(`?show=${name}`), idle()]);
  assert.equal((await page.$$("main tbody tr")).length, ROWS, name);
  const shown = Number(await page.$eval("nav a[aria-current] .count", (count) => count.textContent));
  assert(shown >= (name === "requests" ? 200 : MANY), `${name}: ${shown}`);
}
await call("POST", "/contacts", { email: "last@example.com" });
await open("?show=contacts");
await see("last@example.com");
await open("?show=mails&q=many9999%40");
assert.equal((await page.$$("main tbody tr")).length, 2); // the automation's mail and the bulk one
assert(sent.includes(0) && Math.max(...sent) < MAX_BYTES, `bytes: ${sent}`);
console.log(`ok ${MANY} contacts, ${2 * MANY} mails: ${ROWS} rows on a page, at most ${Math.max(...sent)} bytes, none while nothing happens`);
await fetch(`${root}/sandbox/reset`, { method: "POST" });

if (picture) {
  await page.setViewport({ width: 1000, height: 600 });
  await open("?show=mails&q=Welcome");
  await page.screenshot({ path: picture });
}
assert.deepEqual(strange, []);
console.log("ok nothing was run, and nothing fetched from elsewhere");
await browser.close();
