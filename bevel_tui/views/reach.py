"""Reachability on a screen: the checks, what the clusters see of each other, and how the network is used. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bevel_tui.records.checks import CheckResult, CheckStatus
from bevel_tui.records.events import EndpointSummary
from bevel_tui.views.calling import call
from bevel_tui.views.canvas import Canvas
from bevel_tui.views.checks import about, ordered
from bevel_tui.views.matrix import cells
from bevel_tui.views.panels import ended, wrap
from bevel_tui.views.parts import refused
from bevel_tui.views.state import RunView
from bevel_tui.views.words import Line, Span, duration, glyph, plural, style, word

_ORDER: tuple[CheckStatus, ...] = ("failed", "warning", "ok", "skipped")


def counts(view: RunView, canvas: Canvas) -> Line:
    """How many checks ended how."""
    found = Counter(result.status for result in view.checks)
    if not found:
        asked = "no check has been answered yet" if view.finished is None else "no check was asked"
        return canvas.fit((asked, "dim"))
    spans: list[Span | str] = [f"{plural(sum(found.values()), 'check')}: "]
    for index, state in enumerate(state for state in _ORDER if found[state]):
        spans += [
            canvas.dot if index else "",
            (f"{glyph(state, unicode=canvas.unicode)} {found[state]} {word(state)}", style(state)),
        ]
    return canvas.fit(*spans)


#: answers of one kind, all well, from which on one line speaks for them
_MANY = 4


def checks(view: RunView, canvas: Canvas, *, problems: bool = False, every: bool = False) -> list[Line]:
    """By cluster, along the chain from the gateway's address to the ledger; what is not well with evidence and
    remedy. `problems`: only that; `every`: a line for each, also where many of a kind are well."""
    lines: list[Line] = []
    for name, cluster in view.clusters.items():
        mine = [r for r in ordered(cluster.checks.values()) if not problems or r.status in ("failed", "warning")]
        if not mine:
            continue
        bad = sum(result.status == "failed" for result in mine)
        said = (f"  {bad} failed", style("failed")) if bad else ("  all well" if not problems else "", style("ok"))
        lines += [()] if lines else []
        lines += wrap(canvas, (name, "bold"), said, ("  simulated" if cluster.simulated else "", "yellow"))
        well = Counter(result.id for result in mine if result.status == "ok")
        told: set[str] = set()
        for result in mine:
            if every or result.status != "ok" or well[result.id] < _MANY:
                lines += _check(result, canvas)
            elif result.id not in told:
                told.add(result.id)
                lines += wrap(
                    canvas,
                    (f" {glyph('ok', unicode=canvas.unicode)} {word('ok'):<7} ", style("ok")),
                    (f"{result.id}  ", "dim"),
                    f"{well[result.id]} times",
                    hang=11,
                )
    return lines


def _check(result: CheckResult, canvas: Canvas) -> list[Line]:
    seen = f" (seen from {result.vantage})" if result.vantage != "here" else ""
    lines = wrap(
        canvas,
        (f" {glyph(result.status, unicode=canvas.unicode)} {word(result.status):<7} ", style(result.status)),
        (f"{result.id}  ", "dim"),
        about(result) + seen,
        hang=11,
    )
    if result.status in ("failed", "warning"):
        for fact in result.evidence:
            lines += wrap(canvas, "           ", (fact, "dim"), hang=11)
        if result.remedy:
            lines += wrap(canvas, ("           remedy: ", "dim"), result.remedy, hang=19)
        if result.command and result.command not in (result.remedy or ""):
            lines += wrap(canvas, ("           run: ", "dim"), result.command, hang=16)
    return lines


def matrix(view: RunView, canvas: Canvas) -> list[Line]:
    """From (rows) to (columns): a word and a glyph each; numbers for names that do not fit. Empty without a look from
    inside a cluster."""
    found = cells(view.checks)
    if not found:
        return []
    columns = list(dict.fromkeys(cluster for row in found.values() for cluster in row))
    first = min(20, max(len(name) for name in (*found, "from \\ to")))
    room = max(9, (canvas.width - first - 2) // max(1, len(columns)))
    numbered = any(len(name) > room - 2 for name in columns)
    heads = [f"[{number}]" for number in range(1, len(columns) + 1)] if numbered else columns
    room = min(room, max(11, *(len(head) + 2 for head in heads)))
    lines: list[Line] = []
    if numbered:
        lines += wrap(canvas, ("  ".join(f"{h} {n}" for h, n in zip(heads, columns, strict=True)), "dim"))
    lines.append(
        canvas.fit(
            (canvas.column("from \\ to", first), "dim"), "  ", *((canvas.column(h, room), "bold") for h in heads)
        )
    )
    for row, seen in found.items():
        spans: list[Span | str] = [(canvas.column(row, first), "bold"), "  "]
        for column in columns:
            state = seen.get(column)
            sign = "-" if state is None else f"{glyph(state, unicode=canvas.unicode)} {word(state)}"
            spans.append((canvas.column(sign, room), style(state) if state else "dim"))
        lines.append(canvas.fit(*spans))
    return lines


def summary(
    view: RunView, canvas: Canvas, *, places: Sequence[tuple[str, str]] = (), steps: Sequence[str] = ()
) -> list[Line]:
    """How it ended; endpoints with how to call them; where files are (`places`: what, where); what to do next."""
    finished = view.finished
    if finished is None:
        return wrap(canvas, ("Endpoints are listed here when the run has ended.", "dim"))
    done = {"deploy": "deployed", "destroy": "removed", "check": "checked"}.get(view.command, "done")
    well = finished.exit_code == 0
    state = "ok" if well else "cancelled" if finished.outcome == "interrupted" else "failed"
    reachable = any(check.status == "ok" and check.id == "protocol" for check in view.checks)
    said = f"Network {view.network} is {done}" + (" and reachable" if reachable else "") if well else (
        f"Network {view.network} is {done}, but not reachable" if finished.outcome == "unreachable"
        else f"Network {view.network} is not {done}: {word(finished.outcome)}"
    )  # fmt: skip
    if refused(finished):
        said = f"Nothing was changed: network {view.network} could not be {done}"
    lines = wrap(
        canvas,
        (f"{glyph(state, unicode=canvas.unicode)} ", style(state)),
        (said, "bold"),
        f", after {duration(finished.duration)}.",
    )
    if view.simulated:
        lines += wrap(canvas, (f"simulated: {', '.join(view.simulated)}; no container ran, and the names below lead nowhere outside the sandbox", "yellow"))  # fmt: skip
    if finished.error and not well:
        lines += ended(finished, canvas)
    if finished.outcome in ("ok", "unreachable"):
        lines += endpoints(view, canvas)
    if places:
        lines += [(), (("Files", "bold"),)]
        for what, where in places:
            lines += wrap(canvas, (f"  {what}: ", "dim"), where, hang=4)
    if steps:
        lines += [(), (("Next", "bold"),)]
        for step in steps:
            lines += wrap(canvas, f"  {step}", hang=4)
    return lines


def endpoints(view: RunView, canvas: Canvas) -> list[Line]:
    """Grouped by organization; those from outside first, each with the line that calls it."""
    lines: list[Line] = []
    groups: dict[tuple[str, str], list[EndpointSummary]] = {}
    for endpoint in view.endpoints:
        groups.setdefault((endpoint.cluster, endpoint.organization), []).append(endpoint)
    for (cluster, organization), mine in groups.items():
        lines += [(), ((f"{organization}", "bold"), (f"  in {cluster}", "dim"))]
        shown: set[str] = set()
        for endpoint in sorted(mine, key=lambda e: not e.exposed):
            name = "/".join(endpoint.id.removeprefix(f"{cluster}/").split("/")[-2:])
            inside = ("  inside the cluster only", "dim") if not endpoint.exposed else ("", "")
            lines += wrap(canvas, (f"  {name}  ", "dim"), endpoint.url, inside, hang=4)
            kind = name.rpartition("/")[2]
            if endpoint.exposed and kind not in shown:
                shown.add(kind)  # the others are called alike
                lines += wrap(canvas, ("    $ ", "dim"), (call(endpoint, view.platform), "cyan"), hang=6)
    return lines
