// A page in a real browser as an MCP client over HTTP: `node cors.mjs COMMAND CHROMIUM`. One of an allowed origin lists the
// tools and calls one, in both protocol eras, and reads what is refused; one of another origin does and reads nothing.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

const [command, executablePath] = process.argv.slice(2);
const PATIENCE = 30_000;
const folder = mkdtempSync(join(tmpdir(), "cors-"));
const tokens = join(folder, "tokens.json");
const token = execFileSync(command, ["token", "create", "page", "--file", tokens], { stdio: "pipe" }).toString().trim();

const pages = [];
async function site() {
  const server = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<title>page</title>"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  pages.push(server);
  return `http://127.0.0.1:${server.address().port}`;
}

const [allowed, other] = [await site(), await site()];
const serving = spawn(command, ["serve", "--http", "127.0.0.1:0", "--sandbox-sample", "--tokens", tokens, "--allow-origin", allowed]);
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"], timeout: PATIENCE });
process.on("exit", () => {
  serving.kill();
  rmSync(folder, { recursive: true });
});
const [line] = await once(serving.stdout, "data");
const url = /http:\S+\/mcp/.exec(String(line))[0];

async function opened(origin) {
  const page = await browser.newPage();
  await page.goto(origin, { waitUntil: "load", timeout: PATIENCE });
  return page;
}

// In the page: send a message as clients of that era do; return what the page can read of the answer.
const ask = (page, era, method, params = {}, { shown = token, to = url, body } = {}) =>
  page.evaluate(
    async (url, era, method, params, shown, body) => {
      const headers = { Accept: "application/json, text/event-stream", "Content-Type": "application/json" };
      headers["MCP-Protocol-Version"] = era;
      if (shown) headers.Authorization = `Bearer ${shown}`;
      if (era !== "2025-11-25") {
        headers["Mcp-Method"] = method;
        if (params.name) headers["Mcp-Name"] = params.name;
        const about = { "io.modelcontextprotocol/protocolVersion": era, "io.modelcontextprotocol/clientCapabilities": {} };
        params = { ...params, _meta: about };
      }
      body ??= JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
      try {
        const response = await fetch(url, { method: "POST", headers, body });
        const text = await response.text();
        const data = text.startsWith("{") ? text : /^data: (\{.*)$/m.exec(text)?.[1];
        const challenge = response.headers.get("WWW-Authenticate");
        return { status: response.status, challenge, text, ...(data ? JSON.parse(data) : {}) };
      } catch (error) {
        return { failed: error.message };
      }
    },
    to, era, method, params, shown, body,
  );

const page = await opened(allowed);
const arguments_ = { email: "page@example.com", firstName: "Page" };
for (const [era, outcome] of [["2025-11-25", "created"], ["2026-07-28", "updated"]]) {
  const { result: list } = await ask(page, era, "tools/list");
  assert(list.tools.some((tool) => tool.name === "upsert_contact"), era);
  const changed = { ...arguments_, lastName: era };
  const { result } = await ask(page, era, "tools/call", { name: "upsert_contact", arguments: changed });
  assert.equal(result?.structuredContent?.outcome, outcome, JSON.stringify(result));
}
const about = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "page", version: "0" } };
assert.equal((await ask(page, "2025-11-25", "initialize", about)).result.serverInfo.name, "autosend-mcp");
console.log("ok a page of an allowed origin lists tools and calls one, in both protocol eras");

const refused = await ask(page, "2026-07-28", "tools/list", {}, { shown: "asm_made-up" });
assert.equal(refused.status, 401);
assert.match(refused.challenge, /invalid_token.*scope=/);
const statuses = [
  await ask(page, "2026-07-28", "tools/list", {}, { body: "{" }),
  await ask(page, "2026-07-28", "tools/list", {}, { body: " ".repeat(1_000_001) }),
  await ask(page, "2026-07-28", "tools/list", {}, { to: url.replace("/mcp", "/health") }),
];
assert.deepEqual(statuses.map((answer) => answer.status ?? answer.failed), [400, 413, "Failed to fetch"]);
const file = readFileSync(tokens, "utf8");
writeFileSync(tokens, file.replace('"name"', '"toolsets": "none", "name"'));
const fault = await ask(page, "2026-07-28", "tools/list");
assert.deepEqual([fault.status, typeof fault.error], [500, "string"]);
writeFileSync(tokens, file);
console.log("ok it reads why it is refused: 401 with its challenge, 400, 413, 500");

for (const origin of [other, allowed.replace("127.0.0.1", "localhost")]) {
  const foreign = await opened(origin);
  for (const era of ["2025-11-25", "2026-07-28"]) {
    assert.deepEqual(await ask(foreign, era, "tools/list"), { failed: "Failed to fetch" });
    const call = { name: "create_contact", arguments: { email: "foreign@example.com" } };
    assert.deepEqual(await ask(foreign, era, "tools/call", call), { failed: "Failed to fetch" });
  }
}
const { result: found } = await ask(page, "2026-07-28", "tools/call", { name: "get_contact", arguments: { email: "foreign@example.com" } });
assert(found.isError, "nothing was created");
console.log("ok pages of other origins call and read nothing");

await browser.close();
serving.kill();
for (const server of pages) server.close();
const [code] = await once(serving, "exit");
assert.equal(code, 0);
