// The recipe of the AI SDK with a model that is a script: it adds the contact once, and quotes the answer.
// `node recipe.mjs URL COMMAND`, with the URL of a sandbox that is empty.
import assert from "node:assert/strict";
import { MockLanguageModelV4 } from "ai/test";

const [url, command] = process.argv.slice(2);
const { origin } = new URL(url);
Object.assign(process.env, { AUTOSEND_BASE_URL: url, AUTOSEND_API_KEY: "AS_sandbox", COMMAND: command });
const { ask } = await import("./with_vercel_ai.mjs"); // run.sh has put it here, where the packages are

const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
const said = (content, unified) => ({ content: [content], finishReason: { unified }, usage, warnings: [] });
const jane = { email: "jane@example.com", firstName: "Jane" };
const model = new MockLanguageModelV4({
  doGenerate: async ({ prompt }) => {
    const answer = prompt.filter(({ role }) => role === "tool").flatMap(({ content }) => content)[0];
    if (answer) return said({ type: "text", text: `AutoSend answered: ${JSON.stringify(answer.output)}` }, "stop");
    const call = { type: "tool-call", toolCallId: "1", toolName: "create_contact", input: JSON.stringify(jane) };
    return said(call, "tool-calls");
  },
});

const text = await ask("Add Jane, jane@example.com", model);
assert.match(text.replaceAll("\\", ""), /"outcome":"created"/);
const { contacts } = await (await fetch(`${origin}/sandbox/state`)).json();
assert.deepEqual(contacts.map(({ email, firstName }) => ({ email, firstName })), [jane]);
const { requests } = await (await fetch(`${origin}/sandbox/requests?limit=1000`)).json();
assert.equal(requests.filter(({ method, path }) => method === "POST" && path === "/v1/contacts").length, 1);
console.log(text);
