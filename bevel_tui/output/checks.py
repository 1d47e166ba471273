"""`bevel-tui check`: results as a table for people or as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from bevel_tui.output.paper import Paper
from bevel_tui.records.checks import CheckResult, CheckStatus
from bevel_tui.records.errors import ExitCode
from bevel_tui.views.words import glyph, style, word

JSON_VERSION = 1

_ORDER: tuple[CheckStatus, ...] = ("ok", "warning", "failed", "skipped")


def verdict(results: Iterable[CheckResult]) -> ExitCode:
    """0 when all is well or only warned, 5 when a check failed."""
    return ExitCode.UNREACHABLE if any(result.status == "failed" for result in results) else ExitCode.OK


def counts_in_words(results: Iterable[CheckResult], only: Sequence[str] = _ORDER) -> str:
    """``26 ok, 1 warning, 2 failed``."""
    counts = Counter(result.status for result in results)
    return ", ".join(f"{counts[state]} {word(state)}" for state in _ORDER if counts[state] and state in only) or "none"


def text(paper: Paper, results: Sequence[CheckResult], *, simulated: Sequence[str] = ()) -> None:
    """A table per cluster, in the order of the chain of checks; problems with evidence and remedy under their row."""
    for cluster in dict.fromkeys(result.cluster for result in results):
        paper.line((cluster, "bold"), ("  simulated", "yellow") if cluster in simulated else "")
        mine = [result for result in results if result.cluster == cluster]
        width = max(len(result.id) for result in mine)
        for result in sorted(mine, key=_place):
            _row(paper, result, width)
        paper.line("")
    paper.line(f"Checks: {counts_in_words(results)}")


def problems(paper: Paper, results: Sequence[CheckResult]) -> None:
    """Failed checks and warnings only, with evidence and remedy."""
    bad = [result for result in results if result.status in ("failed", "warning")]
    width = max((len(result.id) for result in bad), default=0)
    for result in sorted(bad, key=lambda r: (r.status != "failed", r.cluster, _place(r))):
        _row(paper, result, width, cluster=True)


def to_json(results: Sequence[CheckResult], *, network: str, simulated: Sequence[str] = ()) -> str:
    """One JSON object: `version`, `network`, `simulated`, `counts`, `exit_code`, `results` (see docs/checks.md)."""
    counts = Counter(result.status for result in results)
    return json.dumps(
        {
            "version": JSON_VERSION,
            "network": network,
            "simulated": list(simulated),
            "counts": {state: counts[state] for state in _ORDER},
            "exit_code": int(verdict(results)),
            "results": [
                result.model_dump(mode="json") for result in sorted(results, key=lambda r: (r.cluster, _place(r)))
            ],
        },
        indent=2,
    )


def about(result: CheckResult) -> str:
    """Target and summary, the target not twice."""
    return result.summary if result.target in result.summary else f"{result.target}: {result.summary}"


#: the chain from address to ledger; ids that a later version adds come last
_CHAIN = ("lb-address", "port-on-service", "dns-resolves", "dns-address", "tcp-connect", "tls-handshake", "protocol")


def _place(result: CheckResult) -> tuple[int, str, str]:
    return (_CHAIN.index(result.id) if result.id in _CHAIN else len(_CHAIN), result.id, result.target)


def _row(paper: Paper, result: CheckResult, width: int, *, cluster: bool = False) -> None:
    took = f" ({1000 * result.duration:.0f} ms)" if result.status != "skipped" and result.duration else ""
    where = f"{result.cluster}  " if cluster else ""
    paper.line(
        (f"  {glyph(result.status, unicode=paper.unicode)} {word(result.status):<7}  ", style(result.status)),
        f"{where}{result.id:<{width}}  {about(result)}{took}",
    )
    if result.status in ("failed", "warning"):
        for fact in result.evidence:
            paper.line((f"      {fact}", "dim"))
        if result.remedy:
            paper.line(f"      remedy: {result.remedy}")
