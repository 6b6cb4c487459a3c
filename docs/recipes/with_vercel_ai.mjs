// The AI SDK of Vercel with AutoSend's contacts: `node with_vercel_ai.mjs "Add Jane, jane@example.com"`.
// Needs `npm install ai @ai-sdk/mcp`, and in the environment AUTOSEND_API_KEY and AI_GATEWAY_API_KEY.
import { pathToFileURL } from "node:url";
import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as StdioTransport } from "@ai-sdk/mcp/mcp-stdio";
import { generateText, isStepCount } from "ai";

const MODEL = "anthropic/claude-sonnet-5.5";
const command = process.env.COMMAND ?? "autosend-mcp"; // the path that `which autosend-mcp` prints, if it is not found
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("AUTOSEND_")));

export async function ask(prompt, model = MODEL) {
  const client = await createMCPClient({ transport: new StdioTransport({ command, env }) });
  try {
    // By default it would stop after the call, before the model has seen the answer.
    const { text } = await generateText({ model, prompt, tools: await client.tools(), stopWhen: isStepCount(10) });
    return text;
  } finally {
    await client.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) console.log(await ask(process.argv[2]));
