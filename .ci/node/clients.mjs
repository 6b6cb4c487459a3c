// Two MCP clients against the server over the sandbox: `node clients.mjs COMMAND ARGUMENT...`. Prints a row for each.
// The second is started with its discovery, before Python is ready to answer it: it goes on with `initialize` after 1 s.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport } from "@ai-sdk/mcp/mcp-stdio";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const [command, ...args] = process.argv.slice(2);
const { dependencies } = createRequire(import.meta.url)("./package.json");
const jane = { email: "jane@example.com", firstName: "Jane" };
const nothing = { string: "", array: [], object: {}, boolean: false, integer: 0 };

const sdk = async () => {
  const client = new Client({ name: "checks", version: "0" });
  await client.connect(new StdioClientTransport({ command, args }));
  const { tools } = await client.listTools();
  return {
    schemas: Object.fromEntries(tools.map((tool) => [tool.name, tool.inputSchema])),
    call: (name, given) => client.callTool({ name, arguments: given }),
    close: () => client.close(),
  };
};

const vercel = async () => {
  // A shell that waits stands for a slow start: the discovery lies unread for longer than the client waits.
  const slow = { command: "sh", args: ["-c", 'sleep 1.5; exec "$0" "$@"', command, ...args] };
  const client = await createMCPClient({ transport: new Experimental_StdioMCPTransport(slow) });
  const { tools } = await client.listTools();
  const callable = await client.tools();
  return {
    schemas: Object.fromEntries(tools.map((tool) => [tool.name, tool.inputSchema])),
    call: (name, given) => callable[name].execute(given, { toolCallId: "call_1", messages: [] }),
    close: () => client.close(),
  };
};

for (const [name, connect] of [["@modelcontextprotocol/sdk", sdk], ["@ai-sdk/mcp", vercel]]) {
  const { schemas, call, close } = await connect();
  const said = async (tool, given) => {
    const result = await call(tool, given);
    return [Boolean(result.isError), result.content[0].text];
  };
  assert.deepEqual((await said("create_contact", jane))[0], false);
  const [refused, why] = await said("create_contact", jane);
  assert.ok(refused && why.includes("already exists"), why);
  const [, found] = await said("find_contacts", { emails: [jane.email, "nobody@example.com"] });
  assert.ok(found.includes("notFound"), found);
  const members = Object.entries(schemas.find_contacts.properties);
  const strict = Object.fromEntries(members.map(([key, { type }]) => [key, nothing[type]]));
  const [, alone] = await said("find_contacts", { ...strict, emails: [jane.email] });
  assert.ok(alone.includes(jane.email), alone);
  await close();
  console.log(`${`${name} ${dependencies[name]}`.padEnd(46)} ${Object.keys(schemas).length} tools, create, refused, array, strict: ok`);
}
