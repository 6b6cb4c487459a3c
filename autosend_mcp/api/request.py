"""A request to AutoSend as a value: what is sent, and how its reply is read. A dry run shows it, a call sends it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from autosend_mcp.api.envelope import Reply, unreadable
from autosend_mcp.errors import NOTHING_CHANGED, NotSent

_BRACES = re.compile(r"\{\w+\}")

ResultT = TypeVar("ResultT")
ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Request(Generic[ResultT]):
    """One request. `path` begins after the base URL and may end in a query; `body` is JSON, None for none; `text`: the
    body where it is written as JSON already.

    `parse` reads the reply, and raises Unreadable where it cannot. `many`: the reply may hold many contacts, so that a
    larger one is read.
    """

    method: str
    path: str
    parse: Callable[[Reply], ResultT]
    body: Mapping[str, Any] | None = None
    text: str | None = None
    many: bool = False

    @property
    def route(self) -> str:
        """The path without ids, names and query: what logs, traces and metrics may show."""
        return self.path.route if isinstance(self.path, Path) else self.path.partition("?")[0]

    def shown(self) -> dict[str, Any]:
        """Return it as data: `{"method", "path", "body"}`, without a body where there is none."""
        shown: dict[str, Any] = {"method": self.method, "path": self.path}
        return shown if self.body is None else shown | {"body": self.body}


def nothing(_reply: Reply) -> None:
    """Read nothing: that the reply is a success is all there is to know."""


def parsed(model: type[ModelT], reply: Reply, data: object) -> ModelT:
    """Return this part of a reply as the model.

    Raises:
        Unreadable: It is none.
    """
    try:
        return model.model_validate(data)
    except ValidationError:
        raise unreadable(reply.status) from None


def rows_of(reply: Reply, *names: str) -> list[Any]:
    """Return the array under the first of these members of `data` that is one.

    Raises:
        Unreadable: None is.
    """
    for name in names:
        if isinstance(rows := reply.members.get(name), list):
            return cast("list[Any]", rows)
    raise unreadable(reply.status)


class Path(str):
    """A path with ids or names in it. `route`: what it is made from, without them."""

    __slots__ = ("route",)

    route: str


def path_to(route: str, *parts: str) -> Path:
    """Return a path with these parts, escaped, in place of what is in braces: `("/contacts/{id}", "a/b")` is
    `/contacts/a%2Fb`.

    Raises:
        NotSent: A part is `.` or `..`, which no URL keeps as it is.
    """
    if {".", ".."} & set(parts):
        raise NotSent("An id or name of dots alone cannot be sent.", "Name it in another way.", changed=NOTHING_CHANGED)
    left = iter(parts)
    path = Path(_BRACES.sub(lambda _: quote(next(left), safe=""), route))
    path.route = route
    return path
