"""An agent of the Claude Agent SDK that works with AutoSend's contacts.

    python with_claude_agent_sdk.py "Add Jane, jane@example.com"

Needs `pip install claude-agent-sdk`, and in the environment
AUTOSEND_API_KEY and the key of the model's provider.
"""

import asyncio
import os
import sys

from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, query

MODEL = "sonnet"
COMMAND = os.environ.get("COMMAND", "autosend-mcp")  # the path that `which autosend-mcp` prints, if it is not found
AUTOSEND = {name: value for name, value in os.environ.items() if name.startswith("AUTOSEND_")}


async def ask(prompt: str, model: str = MODEL) -> str:
    """Return the agent's last words."""
    options = ClaudeAgentOptions(
        model=model,
        mcp_servers={"autosend": {"type": "stdio", "command": COMMAND, "env": AUTOSEND}},
        allowed_tools=["mcp__autosend__*"],  # without asking; leave out what it may not do
        tools=[],  # none of Claude Code's own: no files, no shell
        setting_sources=[],
        strict_mcp_config=True,
    )
    said = ""
    async for message in query(prompt=prompt, options=options):
        if isinstance(message, ResultMessage):
            said = message.result or message.subtype
    return said


if __name__ == "__main__":
    print(asyncio.run(ask(sys.argv[1])))
