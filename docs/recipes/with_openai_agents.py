"""An agent of the OpenAI Agents SDK that works with AutoSend's contacts.

    python with_openai_agents.py "Add Jane, jane@example.com"

Needs `pip install openai-agents`, and in the environment
AUTOSEND_API_KEY and the key of the model's provider.
"""

import asyncio
import os
import sys

from agents import Agent, Model, Runner
from agents.mcp import MCPServerStdio

MODEL = "gpt-5"
COMMAND = os.environ.get("COMMAND", "autosend-mcp")  # the path that `which autosend-mcp` prints, if it is not found
AUTOSEND = {name: value for name, value in os.environ.items() if name.startswith("AUTOSEND_")}


async def ask(prompt: str, model: Model | str = MODEL) -> str:
    """Return the agent's last words."""
    # The SDK gives up on a call after 5 s; the server answers within 45.
    async with MCPServerStdio({"command": COMMAND, "env": AUTOSEND}, client_session_timeout_seconds=60) as server:
        agent = Agent("AutoSend", model=model, mcp_servers=[server])
        return (await Runner.run(agent, prompt)).final_output


if __name__ == "__main__":
    print(asyncio.run(ask(sys.argv[1])))
