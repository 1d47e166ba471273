"""`bevel-tui check`: results as a table for people (narrow or wide) or as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from bevel_tui.output.matrix import write as write_matrix
from bevel_tui.output.paper import Paper
from bevel_tui.records.checks import CheckResult, CheckStatus
from bevel_tui.records.errors import ExitCode
from bevel_tui.views.checks import about, ordered, place
from bevel_tui.views.matrix import cells
from bevel_tui.views.words import glyph, style, word

JSON_VERSION = 1

_ORDER: tuple[CheckStatus, ...] = ("ok", "warning", "failed", "skipped")
#: so many checks of a kind that are alike have a row each
FEW = 2
#: so many others are named where a problem is told once for all that have it
NAMED = 4
#: phases in the order in which a connection goes through them
_PHASES = ("resolve", "connect", "tls", "first-byte")


def verdict(results: Iterable[CheckResult]) -> ExitCode:
    """0 when all is well or only warned, 5 when a check failed."""
    return ExitCode.UNREACHABLE if any(result.status == "failed" for result in results) else ExitCode.OK


def counts_in_words(results: Iterable[CheckResult], only: Sequence[str] = _ORDER) -> str:
    """``26 ok, 1 warning, 2 failed``."""
    counts = Counter(result.status for result in results)
    return ", ".join(f"{counts[state]} {word(state)}" for state in _ORDER if counts[state] and state in only) or "none"


def text(paper: Paper, results: Sequence[CheckResult], *, simulated: Sequence[str] = (), wide: bool = False) -> None:
    """A table per cluster, in the order of the chain of checks; problems with evidence and remedy under their row.

    Of many of one kind that are alike (well, not asked, or broken with one remedy) one is shown for all. `wide` shows every one, its category, its seconds by
    phase, and evidence also of what is well. What clusters see of each other follows as a matrix.
    """
    folded = False
    for cluster in dict.fromkeys(result.cluster for result in results):
        paper.line((cluster, "bold"), ("  simulated", "yellow") if cluster in simulated else "")
        mine = [result for result in results if result.cluster == cluster]
        width = max(len(result.id) for result in mine)
        for _, same in groupby(sorted(mine, key=place), key=lambda result: result.id):
            for result, others in _folded(list(same), wide=wide):
                folded |= bool(others)
                _row(paper, result, width, wide=wide, others=others)
        paper.line("")
    if cells(results):
        write_matrix(paper, results)
        paper.line("")
    paper.line(f"Checks: {counts_in_words(results)}{'; -o wide lists each' if folded else ''}")


def problems(paper: Paper, results: Sequence[CheckResult]) -> None:
    """Failed checks and warnings only, with evidence and remedy."""
    bad = [result for result in results if result.status in ("failed", "warning")]
    width = max((len(result.id) for result in bad), default=0)
    for result, others in _folded(sorted(bad, key=lambda r: (r.status != "failed", r.cluster, place(r)))):
        _row(paper, result, width, cluster=True, others=others)


def _folded(
    rows: Sequence[CheckResult], *, wide: bool = False
) -> Iterator[tuple[CheckResult, tuple[CheckResult, ...]]]:
    """The rows to show, each with those that it stands for: more than `FEW` that say and want the same."""
    alike: dict[tuple[object, ...], list[CheckResult]] = {}
    for result in rows:
        alike.setdefault(_what(result), []).append(result)
    for result in rows:
        group = alike[_what(result)]
        if wide or len(group) <= FEW:
            yield result, ()
        elif result is group[0]:
            yield result, tuple(group[1:])


def _what(result: CheckResult) -> tuple[object, ...]:
    """What two answers must share so that one can stand for the other."""
    kind = (result.status, result.id, result.cluster)
    if result.status == "ok":
        return kind
    if result.status == "skipped":
        return (*kind, result.summary.partition(":")[0])
    return (*kind, result.code, result.evidence, result.remedy, result.command)


def document(
    results: Sequence[CheckResult],
    *,
    network: str,
    simulated: Sequence[str] = (),
    exit_code: int | None = None,
) -> dict[str, Any]:
    """`version`, `network`, `simulated`, `counts`, `exit_code`, `results`, `matrix` (see docs/reachability.md)."""
    counts = Counter(result.status for result in results)
    return {
        "version": JSON_VERSION,
        "network": network,
        "simulated": list(simulated),
        "counts": {state: counts[state] for state in _ORDER},
        "exit_code": int(verdict(results)) if exit_code is None else exit_code,
        "results": [result.model_dump(mode="json") for result in ordered(results)],
        "matrix": cells(results),
    }


def to_json(
    results: Sequence[CheckResult],
    *,
    network: str,
    simulated: Sequence[str] = (),
    exit_code: int | None = None,
    indent: int | None = 2,
) -> str:
    """`document` as text; `indent` None: on one line."""
    return json.dumps(document(results, network=network, simulated=simulated, exit_code=exit_code), indent=indent)


def phases_in_words(phases: Mapping[str, float]) -> str:
    """``resolve 3, connect 1, tls 12 ms``; empty when nothing was timed."""
    known = [name for name in _PHASES if name in phases] + sorted(set(phases) - set(_PHASES))
    return ", ".join(f"{name} {1000 * phases[name]:.0f}" for name in known) + (" ms" if known else "")


def _row(
    paper: Paper,
    result: CheckResult,
    width: int,
    *,
    cluster: bool = False,
    wide: bool = False,
    others: Sequence[CheckResult] = (),
) -> None:
    """`others`: those that this row stands for."""
    took = f" ({1000 * result.duration:.0f} ms)" if result.status != "skipped" and result.duration else ""
    took = f", and {len(others)} more" if others else took
    where = f"{result.cluster}  " if cluster else ""
    kind = f"{result.category:<11}" if wide else ""
    seen = f" [from {result.vantage}]" if wide and result.vantage != "here" else ""
    paper.line(
        (f"  {glyph(result.status, unicode=paper.unicode)} {word(result.status):<7}  ", style(result.status)),
        f"{kind}{where}{result.id:<{width}}  {about(result)}{seen}{took}",
    )
    if wide and result.phases and result.status != "skipped":
        paper.line((f"      {phases_in_words(result.phases)}", "dim"))
    if result.status in ("failed", "warning") or (wide and result.status == "ok"):
        for fact in result.evidence:
            paper.line((f"      {fact}", "dim"))
    if result.status in ("failed", "warning"):
        if others:
            named = ", ".join(other.target for other in others[:NAMED])
            paper.line((f"      the same: {named}{' ...' if len(others) > NAMED else ''}", "dim"))
        if result.remedy:
            paper.line(f"      remedy: {result.remedy}")
        if result.command and result.command not in (result.remedy or ""):
            paper.line(f"      run: {result.command}")
