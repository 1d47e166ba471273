"""A check counts when it was asked after the last moment at which a deployment was at work."""

from __future__ import annotations

from bevel_tui.engine.snapshots.answers import Answers
from bevel_tui.records.checks import CheckResult, CheckStatus


def result(status: CheckStatus, host: str = "a.example.test") -> CheckResult:
    return CheckResult(
        id="tcp-connect", category="connection", cluster="east", target=host, status=status, summary="refused",
        evidence=("errno 111",), remedy="Open it.", command="nc -z a 443",
    )  # fmt: skip


def test_failures_count_only_when_they_were_asked_after_the_work() -> None:
    moment = 0.0
    answers = Answers(lambda: moment)

    def asked(at: float, status: CheckStatus = "failed") -> None:
        nonlocal moment
        moment = at
        answers.put("net", "east", answers.begin(), (result(status),))

    def statuses() -> list[str]:
        return [found.status for found in answers.all()]

    asked(1.0)
    assert statuses() == ["failed"]
    answers.put("other", "east", answers.begin(), (result("warning"),))
    moment = 2.0
    answers.at_work("net")  # what was asked before says nothing now; another network's is not touched
    assert statuses() == ["skipped", "warning"]
    void = answers.all()[0]
    assert "at work" in void.summary
    assert void.evidence == ("refused", "errno 111")  # nothing that was seen is hidden
    assert (void.remedy, void.command) == (None, None)
    asked(3.0, "ok")
    answers.at_work("net")
    assert statuses()[0] == "ok"
    began = answers.begin()
    moment = 4.0
    answers.at_work("net")  # the last sign of work; the round had begun before it
    moment = 5.0
    answers.put("net", "east", began, (result("failed"),))
    assert statuses()[0] == "skipped"
    asked(6.0)
    assert statuses()[0] == "failed"
