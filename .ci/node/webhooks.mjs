// A receiver as AutoSend's page of webhooks shows it, for the deliveries of the sandbox: `node webhooks.mjs URL`.
// Each signature is verified over the raw body, and over JSON.stringify of the parsed body, as the samples do.
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { createServer } from "node:http";

const url = process.argv[2];
const bodies = [];
let secret, heard;

const signed = (text) => createHmac("sha256", secret).update(text).digest("hex");

const receiver = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const raw = Buffer.concat(chunks).toString("utf8");
  const body = JSON.parse(raw);
  const signature = request.headers["x-webhook-signature"];
  const genuine = [raw, JSON.stringify(body)].every((text) => signed(text) === signature);
  bodies.push({ genuine, raw, body, event: request.headers["x-webhook-event"] });
  response.writeHead(genuine ? 200 : 401).end();
  heard?.();
});

const received = async (count) => {
  while (bodies.length < count) await new Promise((resolve) => (heard = resolve));
};

const call = async (method, path, body) => {
  const headers = { Authorization: "Bearer AS_sandbox", "Content-Type": "application/json" };
  const response = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
  assert(response.ok, `${method} ${path}: ${response.status}`);
  return (await response.json()).data;
};

// Any numbers, also those of random bits, and names that JavaScript puts first.
const bits = randomBytes(8 * 2000);
const numbers = [0, -0, 1e21, 1e-7, 2 ** 53, 5e-324, 123456789012345680000];
for (let at = 0; at < bits.length; at += 8) numbers.push(bits.readDoubleBE(at));
const odd = { numbers, b: 1, 10: 2, 2: 3, "01": 4, text: "Zoë \u2028 \u{1f600} \u007f \u0001 \" \\ /", nothing: null };

receiver.listen(0, "127.0.0.1", async () => {
  const events = ["contact.created", "contact.updated", "contact.deleted"];
  const { webhook } = await call("POST", "/webhooks", { url: `http://127.0.0.1:${receiver.address().port}/`, events });
  secret = webhook.secret;
  const customFields = { größe: 1.5, seats: 3, vip: true, note: odd.text };
  const contact = await call("POST", "/contacts", { email: "zoe@example.com", firstName: "Zoë", customFields });
  await call("POST", "/contacts/email", { email: "zoe@example.com", lastName: "Doe" });
  await call("DELETE", `/contacts/${contact.id}`);
  await received(3);
  await call("POST", `/webhooks/${webhook.id}/resend`, { event: "contact.created", data: odd });
  await received(4);
  assert.deepEqual(bodies.map(({ genuine }) => genuine), [true, true, true, true]);
  assert.deepEqual(bodies.map(({ event }) => event), [...events, "contact.created"]);
  assert.equal(bodies[0].body.data.customFields.größe, 1.5);
  assert.equal(JSON.stringify(bodies[3].body.data), JSON.stringify(odd));
  console.log(`ok ${bodies.length} deliveries, verified over the raw and over the parsed body`);
  receiver.close();
});
