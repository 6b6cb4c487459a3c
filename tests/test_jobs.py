"""Jobs in users' words end as the user meant them, and cost an assistant little."""

import json

import pytest

from benchmarks.jobs import MAX_TOKENS, main, play_all

pytestmark = pytest.mark.anyio

# Where an answer or a description once led to a wrong end.
TRUTH = ["4", "5", "9b", "11c", "21b", "28", "31"]


@pytest.mark.slow
async def test_all_jobs_end_as_the_user_meant_them_and_cost_few_tokens() -> None:
    played = await play_all()
    assert len(played) == 39
    assert {one.job: one.wrong for one in played if one.wrong} == {}
    assert all(one.calls and one.rule for one in played)
    assert sum(one.tokens for one in played) <= MAX_TOKENS


async def test_jobs_that_once_went_wrong_end_as_the_user_meant_them() -> None:
    played = await play_all(TRUTH)
    assert {one.job: one.wrong for one in played} == dict.fromkeys(TRUTH, "")


def test_a_job_is_shown_with_its_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json", "8"]) == 0
    (job,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (job["job"], job["calls"], job["wrong"]) == ("8", 1, "")
    assert main(["--verbose", "8"]) == 0
    assert "find_contacts" in capsys.readouterr().out
