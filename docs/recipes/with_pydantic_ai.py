"""An agent of Pydantic AI that works with AutoSend's contacts.

    python with_pydantic_ai.py "Add Jane, jane@example.com"

Needs `pip install "pydantic-ai-slim[mcp,anthropic]"`, and in the environment
AUTOSEND_API_KEY and the key of the model's provider.
"""

import asyncio
import os
import sys

from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models import Model

MODEL = "anthropic:claude-sonnet-5-5"
COMMAND = os.environ.get("COMMAND", "autosend-mcp")  # the path that `which autosend-mcp` prints, if it is not found
AUTOSEND = {name: value for name, value in os.environ.items() if name.startswith("AUTOSEND_")}


async def ask(prompt: str, model: Model | str = MODEL) -> str:
    """Return the agent's last words."""
    servers = {"mcpServers": {"autosend": {"command": COMMAND, "env": AUTOSEND}}}
    async with Agent(model, toolsets=[MCPToolset(servers, include_instructions=True)]) as agent:
        return (await agent.run(prompt)).output


if __name__ == "__main__":
    print(asyncio.run(ask(sys.argv[1])))
