// AutoSend's own client against the sandbox: node autosendjs.mjs http://127.0.0.1:PORT/v1 [--limited]
// --limited: the sandbox limits the rate, so the client must have met a 429 and come through by its own retries.
// The client never throws on an HTTP error: it returns {success: false, error}, error being the body's `error` object.

import assert from "node:assert/strict";
import { Autosend } from "autosendjs";

const [baseUrl, limited] = process.argv.slice(2);
// Without a base URL the client would go to the real service.
assert.equal(new URL(baseUrl ?? "missing:").hostname, "127.0.0.1", "the first argument must be the sandbox's URL");
assert.ok(limited === undefined || limited === "--limited", `unknown argument ${limited}`);

const statuses = [];
const { fetch } = globalThis;
globalThis.fetch = async (...request) => {
  const response = await fetch(...request);
  statuses.push(response.status);
  return response;
};

const { contacts, emails } = new Autosend("AS_sandbox", { baseUrl });
const JOHN = {
  email: "john.doe@example.com",
  firstName: "John",
  lastName: "Doe",
  userId: "user_12345",
  customFields: { company: "Acme Corp", role: "Developer", plan: "premium" },
};
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

let passed = 0;
let failed = 0;

async function check(name, run) {
  try {
    await run();
    passed += 1;
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${name}: ${error.message}`);
  }
}

function refused(answer, status, code) {
  assert.equal(answer.success, false);
  assert.equal(answer.data, undefined);
  assert.equal(statuses.at(-1), status);
  assert.equal(answer.error.code, code);
  assert.equal(typeof answer.error.message, "string");
}

let john = {};

await check("create", async () => {
  const answer = await contacts.create(JOHN);
  assert.equal(answer.success, true, JSON.stringify(answer.error));
  john = answer.data;
  const { id, createdAt, updatedAt, projectId, ...given } = john;
  assert.deepEqual(given, { ...JOHN, listIds: [] });
  assert.match(id, /^[0-9a-f]{24}$/);
  assert.match(createdAt, TIME);
  assert.match(updatedAt, TIME);
  assert.equal(typeof projectId, "string");
  assert.notEqual(projectId, "");
});

await check("create of an address that exists", async () => {
  const answer = await contacts.create({ email: JOHN.email });
  refused(answer, 409, undefined);
  assert.match(answer.error.message, /exists/);
});

await check("create of an address that exists, in capitals", async () => {
  refused(await contacts.create({ email: "John.Doe@Example.COM" }), 409, undefined);
});

await check("upsert changes what is given and keeps the rest", async () => {
  const answer = await contacts.upsert({ email: JOHN.email, firstName: "Johnny" });
  assert.equal(answer.success, true, JSON.stringify(answer.error));
  const { updatedAt } = answer.data;
  assert.deepEqual(answer.data, { ...john, firstName: "Johnny", segmentIds: [], updatedAt });
  assert.ok(updatedAt >= john.updatedAt);
  john = answer.data;
});

await check("upsert of a new address", async () => {
  const answer = await contacts.upsert({ email: "jane@example.com", firstName: "Jane" });
  assert.equal(answer.success, true, JSON.stringify(answer.error));
  assert.equal(answer.data.firstName, "Jane");
  assert.notEqual(answer.data.id, john.id);
});

await check("get", async () => {
  assert.deepEqual(await contacts.get(john.id), { success: true, data: john });
});

await check("get of an unknown id", async () => {
  refused(await contacts.get("507f1f77bcf86cd799439011"), 404, "CONTACT_NOT_FOUND");
});

await check("invalid email", async () => {
  const answer = await contacts.create({ email: "john.doe" });
  refused(answer, 400, "VALIDATION_FAILED");
  assert.deepEqual(answer.error.details.map((detail) => detail.field), ["email"]);
});

await check("wrong key", async () => {
  const stranger = new Autosend("re_sandbox", { baseUrl });
  refused(await stranger.contacts.get(john.id), 401, "UNAUTHORIZED");
});

await check("delete", async () => {
  assert.deepEqual(await contacts.delete(john.id), { success: true });
});

await check("get after delete", async () => {
  refused(await contacts.get(john.id), 404, "CONTACT_NOT_FOUND");
});

await check("delete after delete", async () => {
  refused(await contacts.delete(john.id), 404, "CONTACT_NOT_FOUND");
});

const FROM = { email: "hello@mail.example.com", name: "Your Company" };
const mailbox = async () => (await (await fetch(new URL("/sandbox/mails", baseUrl))).json()).mails;

await check("send", async () => {
  const answer = await emails.send({
    from: FROM,
    to: { email: "jane@example.com", name: "Jane" },
    cc: [{ email: "cc@example.com" }],
    subject: "Order {{order}}",
    html: "<p>{{first_name | \"there\"}}</p>",
    dynamicData: { order: 7 },
  });
  assert.equal(answer.success, true, JSON.stringify(answer.error));
  const sent = (await mailbox()).filter(({ why }) => why.request === "POST /mails/send");
  assert.deepEqual(sent.map(({ to }) => to.email), ["jane@example.com", "cc@example.com"]);
  assert.deepEqual([sent[0].id, sent[0].subject, sent[0].html], [answer.data.emailId, "Order 7", "<p>there</p>"]);
});

await check("send to an array", async () => {
  const answer = await emails.send({ from: FROM, to: [{ email: "a@example.com" }], subject: "Hello", text: "Hello" });
  assert.match(answer.data?.emailId ?? "", /^[0-9a-f]{24}$/);
});

await check("send without content", async () => {
  refused(await emails.send({ from: FROM, to: { email: "a@example.com" }, subject: "Hello" }), 400, "VALIDATION_FAILED");
});

await check("bulk", async () => {
  const recipients = ["Ann", "Bob"].map((name) => ({ email: `${name}@example.com`, dynamicData: { name } }));
  const answer = await emails.bulk({ from: FROM, recipients, subject: "Hello {{name}}", text: "Hello" });
  assert.equal(answer.success, true, JSON.stringify(answer.error));
  assert.deepEqual([answer.data.totalRecipients, answer.data.successCount, answer.data.failedCount], [2, 2, 0]);
  const sent = (await mailbox()).filter(({ batchId }) => batchId === answer.data.batchId);
  assert.deepEqual(sent.map(({ subject }) => subject), ["Hello Ann", "Hello Bob"]);
});

await check(limited ? "429 was met, and retried by the client" : "429 was never met", () => {
  assert.equal(statuses.includes(429), Boolean(limited), statuses.join(" "));
});

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
