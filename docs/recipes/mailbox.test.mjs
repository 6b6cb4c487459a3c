// Mails in the tests of a Node program, with AutoSend's own client: node --test mailbox.test.mjs
// It needs the command autosend-mcp on the PATH, or SANDBOX_COMMAND with where it is.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, beforeEach, test } from "node:test";
import { Autosend } from "autosendjs";

let sandbox, root, autosend;

before(async () => {
  const command = process.env.SANDBOX_COMMAND ?? "autosend-mcp";
  sandbox = spawn(command, ["sandbox", "--port", "0", "--no-rate-limit"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(sandbox, "exit").then(([code]) => assert.fail(`the sandbox ended with ${code}`));
  const [line] = await Promise.race([once(createInterface({ input: sandbox.stdout }), "line"), ended]);
  root = new URL(line.match(/http:\S+/)[0]).origin;
  const { key } = await control("GET", "/health");
  autosend = new Autosend(key, { baseUrl: `${root}/v1` });
});
beforeEach(() => control("POST", "/reset"));
after(() => sandbox.kill());

// What AutoSend does not have: the mailbox, faults, the clock. docs/sandbox.md has them all.
async function control(method, path, body) {
  for (let tries = 50; ; tries -= 1) {
    try {
      const init = body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
      const response = await fetch(`${root}/sandbox${path}`, { method, ...init });
      assert.ok(response.ok, `${method} ${path}: ${response.status}`);
      return await response.json();
    } catch (error) {
      if (!(error instanceof TypeError) || tries === 0) throw error; // it does not serve yet
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

// What a program of yours would do.
const signUp = async (email, firstName) => {
  await autosend.contacts.upsert({ email, firstName });
  return autosend.emails.send({
    from: { email: "hello@example.com", name: "Example" },
    to: { email },
    subject: "Welcome, {{name}}",
    html: "<p>Hello {{name}}</p>",
    dynamicData: { name: firstName },
  });
};

test("who signs up gets a welcome", async () => {
  await signUp("jane@example.com", "Jane");
  const { mails } = await control("GET", "/mails?to=jane@example.com");
  const welcome = mails.find(({ why }) => why.request === "POST /mails/send");
  assert.equal(welcome.subject, "Welcome, Jane");
  assert.equal(welcome.html, "<p>Hello Jane</p>");
  const { contacts } = await control("GET", "/state");
  assert.deepEqual(contacts.map(({ email, firstName }) => [email, firstName]), [["jane@example.com", "Jane"]]);
});

test("each test begins with nothing", async () => {
  assert.deepEqual((await control("GET", "/mails")).mails, []);
  assert.deepEqual((await control("GET", "/state")).contacts, []);
});

test("a bounce is seen, and the address gets no mail from then on", async () => {
  const first = await signUp("bounce@example.com", "Bo");
  await control("POST", "/clock", { advance: 5 });
  const { suppressionGroups } = await control("GET", "/state");
  assert.ok(suppressionGroups.some(({ entries }) => entries.some(({ email }) => email === "bounce@example.com")));
  const { mails } = await control("GET", "/mails?to=bounce@example.com");
  assert.equal(mails.find(({ id }) => id === first.data.emailId).status, "bounced");
});

test("an outage is reported, and nothing is sent", async () => {
  await control("POST", "/faults", { path: "/mails/*", status: 503, times: 0 });
  const answer = await signUp("jane@example.com", "Jane");
  assert.equal(answer.success, false);
  const { mails } = await control("GET", "/mails");
  assert.ok(mails.every(({ why }) => why.request !== "POST /mails/send"));
});

test("nothing is sent that AutoSend does not document", async () => {
  await signUp("jane@example.com", "Jane");
  assert.deepEqual((await control("GET", "/warnings")).warnings, []);
});
