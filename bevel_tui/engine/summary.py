"""How a run ended, from how its steps ended: outcome, exit code, counts, critical path. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bevel_tui.engine.executor import Result
from bevel_tui.records.errors import EXIT, Code, ExitCode
from bevel_tui.records.events import EndpointSummary, PlannedStep, RunOutcome
from bevel_tui.records.steps import CheckStep, ReleaseStep, Step

#: reason of a step that its organization's owner runs
OWNER_RUNS = "run by its owner"


def verdict(
    steps: Mapping[str, Step],
    results: Mapping[str, Result],
    *,
    interrupted: bool = False,
    expired: bool = False,
    codes: Iterable[str] = (),
) -> tuple[RunOutcome, ExitCode]:
    """The run's outcome and exit code. A stop that came after everything was done changes nothing."""
    bad = {step: result for step, result in results.items() if result.outcome not in {"ok", "unchanged"}}
    bad = {step: result for step, result in bad.items() if not _excused(result)}
    if not bad:
        return "ok", ExitCode.OK
    if interrupted:
        return "interrupted", ExitCode.INTERRUPTED
    failed = [step for step, result in bad.items() if result.outcome == "failed"]
    real = [step for step in failed if not isinstance(steps[step], CheckStep)]
    if real:
        known = [EXIT[Code(code)] for code in codes if code in set(Code)]
        return "failed", known[0] if known else ExitCode.FAILED
    if expired or any(result.outcome == "timed-out" for result in bad.values()):
        return "timed-out", ExitCode.TIMEOUT
    if failed:
        return "unreachable", ExitCode.UNREACHABLE
    return "failed", ExitCode.FAILED


def _excused(result: Result) -> bool:
    return result.outcome == "skipped" and result.reason is not None and OWNER_RUNS in result.reason


def counts(results: Mapping[str, Result]) -> dict[str, int]:
    """Steps by outcome."""
    return dict(sorted(Counter(result.outcome for result in results.values()).items()))


def critical_path(needs: Mapping[str, tuple[str, ...]], results: Mapping[str, Result]) -> float:
    """Seconds of the longest path through a graph, each step with its own recorded duration. `needs` are by step,
    in an order in which needs come first."""
    longest: dict[str, float] = {}
    for step, wanted in needs.items():
        before = max((longest.get(need, 0.0) for need in wanted), default=0.0)
        longest[step] = before + duration(results.get(step))
    return max(longest.values(), default=0.0)


def duration(result: Result | None) -> float:
    """Seconds that a step took; 0 for one that never ran."""
    if result is None or result.started is None or result.finished is None:
        return 0.0
    return result.finished - result.started


def worst(steps: Mapping[str, Step], results: Mapping[str, Result]) -> tuple[str, Result] | None:
    """The step to name in one sentence: the first that failed, else the first that ran out of time."""
    for outcome in ("failed", "timed-out"):
        for step in steps:
            result = results.get(step)
            if result is not None and result.outcome == outcome:
                return step, result
    return None


def planned(step: Step) -> PlannedStep:
    """A step as RunStarted carries it."""
    release = step if isinstance(step, ReleaseStep) else None
    return PlannedStep(
        id=step.id,
        kind=step.kind,
        cluster=step.cluster,
        namespace=step.namespace,
        organization=step.organization,
        release=release.release if release else None,
        chart=release.chart if release else None,
        needs=step.needs,
        estimate=step.estimate,
    )


def endpoints(steps: Iterable[Step], hosts: Mapping[str, str]) -> tuple[EndpointSummary, ...]:
    """Every endpoint that the releases of a plan open, in plan order. `hosts`: where they were found to be, by id."""
    return tuple(
        EndpointSummary(
            id=endpoint.id,
            cluster=endpoint.cluster,
            organization=endpoint.organization,
            url=replace(endpoint, host=hosts.get(endpoint.id, endpoint.host)).url,
            exposed=endpoint.exposed,
        )
        for step in steps
        if isinstance(step, ReleaseStep)
        for endpoint in step.endpoints
    )
