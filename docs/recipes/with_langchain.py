"""An agent of LangChain that works with AutoSend's contacts.

    python with_langchain.py "Add Jane, jane@example.com"

Needs `pip install langchain langchain-mcp-adapters langchain-anthropic`, and in the environment
AUTOSEND_API_KEY and the key of the model's provider.
"""

import asyncio
import os
import sys

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools

MODEL = "anthropic:claude-sonnet-5-5"
COMMAND = os.environ.get("COMMAND", "autosend-mcp")  # the path that `which autosend-mcp` prints, if it is not found
AUTOSEND = {name: value for name, value in os.environ.items() if name.startswith("AUTOSEND_")}


async def ask(prompt: str, model: BaseChatModel | str = MODEL) -> str:
    """Return the agent's last words."""
    client = MultiServerMCPClient({"autosend": {"transport": "stdio", "command": COMMAND, "args": [], "env": AUTOSEND}})
    # With `client.get_tools()` each call would start a server of its own.
    async with client.session("autosend") as session:
        agent = create_agent(model, await load_mcp_tools(session))
        answer = await agent.ainvoke({"messages": [{"role": "user", "content": prompt}]})
        return answer["messages"][-1].text


if __name__ == "__main__":
    print(asyncio.run(ask(sys.argv[1])))
