"""What one worker tells another of a write: the same answer, error or question comes out."""

import pytest

from autosend_mcp.errors import NOTHING_CHANGED, AutoSendError, NotSent, Refused, Unknown, Unreadable
from autosend_mcp.server.http.shared.results import as_data, from_data
from autosend_mcp.tools.context import ConfirmationNeeded


@pytest.mark.parametrize("kind", [NotSent, Refused, Unknown, Unreadable])
def test_an_error_comes_out_as_it_was(kind: type[AutoSendError]) -> None:
    error = kind("What happened.", "What to do.", user_step="call somebody", changed=NOTHING_CHANGED, status=409)
    error.notes = ["a note"]
    result = from_data(as_data(error))
    assert isinstance(result, AutoSendError)
    assert (type(result), result.what, result.next_step, result.user_step) == (
        kind,
        "What happened.",
        "What to do.",
        "call somebody",
    )
    assert (result.changed, result.status, result.notes) == (NOTHING_CHANGED, 409, ["a note"])


def test_a_question_comes_out_as_it_was() -> None:
    result = from_data(as_data(ConfirmationNeeded("Delete it?", ["jane@example.com"])))
    assert isinstance(result, ConfirmationNeeded)
    assert (result.question, [*result.about]) == ("Delete it?", ["jane@example.com"])
