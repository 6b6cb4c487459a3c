"""Imports that end before their time: stopped by AutoSend, refused at the start, or killed."""

import shutil
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from autosend_mcp.errors import NotSent
from tests.support.importing import World, csv_of, people
from tests.support.line import Forward, answering, forwarded
from tests.support.requests import BULK


class Killed:
    """At this request, before it is applied or after, the process is killed: what is on disk then is what is left."""

    def __init__(self, here: World, at: int, *, applied: bool, grave: Path) -> None:
        self._here, self._left, self._applied, self._grave = here, at, applied, grave
        self.scope = anyio.CancelScope()
        self.happened = False

    async def __call__(self, forward: Forward) -> httpx2.Response:
        self._left -= 1
        if self._left > 0:
            return await forward()
        if self._left == 0:
            if self._applied:
                await forward()
            for file in self._here.folder.glob("people.csv*"):
                shutil.copy(file, self._grave)
            self.happened = True
            self.scope.cancel()
        await anyio.sleep_forever()
        raise AssertionError


async def interrupted(here: World, content: bytes, name: str = "people.csv", **order: Any) -> None:
    """Run an import that AutoSend lets no further than the first bulk update."""
    here.line.lose(BULK, forwarded, answering(401, {"success": False}))
    done = await here.run(content, name, **order)
    assert (done.stage, done.counts) == ("stopped", {"created": 100})
    here.line.faults.clear()


async def refused(here: World, content: bytes, **order: Any) -> str:
    with pytest.raises(NotSent) as error:
        await here.run(content, **order)
    return str(error.value)


MANY = csv_of(people(200))
