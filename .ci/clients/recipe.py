"""One recipe with a model that is a script, in its venv: `python recipe.py NAME`; prints what the agent said last.

The script calls create_contact once, and then quotes the answer it was given.
"""

import asyncio
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

TOOL = "create_contact"
JANE = {"email": "jane@example.com", "firstName": "Jane"}
PROMPT = "Add Jane, jane@example.com"

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs" / "recipes"))


def quoted(answer: object) -> str:
    """Return what the model says of a tool's answer."""
    return f"AutoSend answered: {answer if isinstance(answer, str) else json.dumps(answer)}"


def pydantic_ai() -> Any:
    from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
    from pydantic_ai.models.function import FunctionModel

    def reply(messages: list[Any], _info: Any) -> ModelResponse:
        answers = [part for part in messages[-1].parts if isinstance(part, ToolReturnPart)]
        return ModelResponse([TextPart(quoted(answers[0].content)) if answers else ToolCallPart(TOOL, JANE)])

    return FunctionModel(reply)


def openai_agents() -> Any:
    from agents import Model, ModelResponse, Usage
    from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

    os.environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"

    class Script(Model):
        async def get_response(self, *_: Any, **asked: Any) -> ModelResponse:
            given = asked["input"]
            answers = [
                item for item in given if not isinstance(item, str) and item.get("type") == "function_call_output"
            ]
            call = ResponseFunctionToolCall(type="function_call", call_id="1", name=TOOL, arguments=json.dumps(JANE))
            if not answers:
                return ModelResponse([call], Usage(), None)
            text = ResponseOutputText(type="output_text", text=quoted(answers[0]["output"]), annotations=[])
            said = ResponseOutputMessage(id="1", type="message", role="assistant", status="completed", content=[text])
            return ModelResponse([said], Usage(), None)

        def stream_response(self, *_: Any, **__: Any) -> Any:
            raise NotImplementedError

    return Script()


def langchain() -> Any:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, ToolMessage
    from langchain_core.outputs import ChatGeneration, ChatResult

    class Script(BaseChatModel):
        _llm_type = "script"

        def bind_tools(self, *_: Any, **__: Any) -> Any:
            return self

        def _generate(self, messages: list[Any], *_: Any, **__: Any) -> ChatResult:
            answers = [message for message in messages if isinstance(message, ToolMessage)]
            call = AIMessage("", tool_calls=[{"name": TOOL, "args": JANE, "id": "1"}])
            said = AIMessage(quoted(answers[0].text)) if answers else call
            return ChatResult(generations=[ChatGeneration(message=said)])

    return Script()


def claude_agent_sdk() -> Any:
    """Serve Anthropic's Messages API on loopback, for the command that the SDK starts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Messages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ |= {
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{server.server_port}",
        "ANTHROPIC_API_KEY": "none",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    return "claude-sonnet-4-5"


class Messages(BaseHTTPRequestHandler):
    """The script as `POST /v1/messages`, streamed."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        blocks = [block for message in asked["messages"] for block in message["content"] if isinstance(block, dict)]
        answers = [block["content"] for block in blocks if block["type"] == "tool_result"]
        names = [tool["name"] for tool in asked.get("tools", []) if tool["name"].endswith(f"__{TOOL}")]
        if answers or not names:
            block = {"type": "text", "text": ""}
            delta = {"type": "text_delta", "text": quoted(answers[0]) if answers else "There is no such tool."}
        else:
            block = {"type": "tool_use", "id": "toolu_1", "name": names[0], "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(JANE)}
        usage = {"input_tokens": 1, "output_tokens": 1}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"], "content": []}
        stop = {"stop_reason": "tool_use" if block["type"] == "tool_use" else "end_turn", "stop_sequence": None}
        none = {"stop_reason": None, "stop_sequence": None}
        self._stream(
            ("message_start", {"message": message | none | {"usage": usage}}),
            ("content_block_start", {"index": 0, "content_block": block}),
            ("content_block_delta", {"index": 0, "delta": delta}),
            ("content_block_stop", {"index": 0}),
            ("message_delta", {"delta": stop, "usage": usage}),
            ("message_stop", {}),
        )

    def _stream(self, *events: tuple[str, dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for kind, event in events:
            self.wfile.write(f"event: {kind}\ndata: {json.dumps({'type': kind, **event})}\n\n".encode())

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


if __name__ == "__main__":
    model = globals()[sys.argv[1]]()
    print(asyncio.run(import_module(f"with_{sys.argv[1]}").ask(PROMPT, model)))
