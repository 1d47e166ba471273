"""What the panels beside the outline say: progress, what needs a person, and all about one step. Pure.

Texts are wrapped to the canvas, never cut: a remedy that ends in an ellipsis helps nobody.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import tzinfo

from bevel_tui.records.events import DnsWaiting, RunFinished
from bevel_tui.records.findings import Finding
from bevel_tui.views.canvas import Canvas
from bevel_tui.views.parts import BAD, ClusterView, StepView, refused
from bevel_tui.views.state import RunView
from bevel_tui.views.words import (
    OF_OBJECTS,
    Line,
    Span,
    clean,
    clock,
    duration,
    glyph,
    plural,
    style,
    time_of_day,
    word,
)


def situation(view: RunView) -> tuple[str, str]:
    """(state with glyph and colour, what is said of the run now)."""
    if view.finished is not None:
        outcome = view.finished.outcome
        if outcome == "ok":
            return "ok", "finished: ok"
        return ("cancelled" if outcome == "interrupted" else "failed"), f"finished: {word(outcome)}"
    if view.rolling_back:
        return "cancelled", "rolling back"
    if view.interrupted:
        return "cancelled", "stopping: finishing what is in flight" if view.interrupted == 1 else "leaving"
    if view.held:
        return "failed", "held: needs you"
    if view.paused:
        return "waiting", "paused: nothing new starts"
    if view.started is None:
        return "planned", "connecting"
    if any(waiting(view)):
        return "waiting", "waiting for DNS"
    return "running", "running"


def waiting(view: RunView) -> Iterator[DnsWaiting]:
    """The domains whose records somebody has still to create."""
    for cluster in view.clusters.values():
        for domain in cluster.domains.values():
            step = view.steps.get(domain.step)
            if domain.waiting is not None and domain.ready is None and (step is None or step.state == "running"):
                yield domain.waiting


def progress(view: RunView, now: float, canvas: Canvas) -> list[Line]:
    """Two lines: how far it is, and what it will still take along which path."""
    state, said = situation(view)
    counts, total = view.counts(), len(view.steps)
    done = counts["ok"] + counts["unchanged"]
    cells = min(30, max(8, canvas.width // 4))
    filled = round(cells * done / total) if total else 0
    full, empty = ("━", "─") if canvas.unicode else ("#", ".")
    spans: list[Span | str] = [
        (f"{glyph(state, unicode=canvas.unicode)} {said}", f"{style(state)}"),
        "  ",
        (full * filled, "green"),
        (empty * (cells - filled), "dim"),
        f" {done} of {plural(total, 'step')}",
    ]
    for name, count in (("running", counts["running"]), ("failed", counts["failed"] + counts["timed-out"])):
        if count:
            spans += [canvas.dot, (f"{count} {word(name)}", style(name))]
    first = canvas.fit(*spans)
    took = clock(view.elapsed(now))
    if view.finished is not None:
        return [first, canvas.fit((f"{took} in all", "dim"))]
    left, path = view.remaining(now)
    spans = [f"{took} so far", (f"{canvas.dot}about {clock(left)} left" if left >= 1 else "", "")]
    if path:
        spans += [(f"{canvas.dot}longest path: ", "dim"), (canvas.arrow.join(_labels(view, path)), "dim")]
    return [first, canvas.fit(*spans)]


def _labels(view: RunView, path: Sequence[str]) -> list[str]:
    steps = [view.steps[name] for name in path]
    before = [None, *(step.cluster for step in steps)]
    return [s.label if s.cluster == last else f"{s.cluster}: {s.label}" for s, last in zip(steps, before, strict=False)]


# ---------------------------------------------------------------- what needs a person


def needs(view: RunView, canvas: Canvas) -> list[Line]:
    """Problems with cause and remedy, records to create, and what the end was; empty: nothing to do but to watch."""
    lines: list[Line] = []
    if view.finished is not None:
        lines += _end(view, canvas)
    elif view.held:
        names = ", ".join(view.steps[name].label for name in view.held if name in view.steps)
        lines += wrap(canvas, ("Nothing is left to do but to try again: ", style("failed")), names, ".")
        lines += wrap(canvas, ("Retry the step when its cause is mended, or cancel the run.", ""))
    several = things(view) > 1
    for step, finding in _problems(view):
        lines += _gap(lines) + problem(finding, canvas, view.steps.get(step) if step else None, evidence=not several)
    for failed in _failures(view):
        lines += _gap(lines) + _failure(failed, canvas)
    for event in waiting(view):
        lines += _gap(lines) + records(event, canvas)
    return lines


def things(view: RunView) -> int:
    """How many things need a person: of several each is told shortly, so that none hides the others."""
    return len(_problems(view)) + len(_failures(view)) + sum(1 for _ in waiting(view))


def _problems(view: RunView) -> list[tuple[str | None, Finding]]:
    """Open findings, each once; none after a good end."""
    if view.finished is not None and view.finished.exit_code == 0:
        return []
    found = {(f.cluster, f.namespace, f.name, f.cause): (step, f) for step, f in reversed(view.open_findings)}
    return list(reversed(found.values()))


def _failures(view: RunView) -> list[StepView]:
    """Failed steps that no finding explains."""
    return [step for step in view.steps.values() if step.state in BAD and not step.findings and step.reason]


def _gap(lines: list[Line]) -> list[Line]:
    return [()] if lines else []


def _end(view: RunView, canvas: Canvas) -> list[Line]:
    finished = view.finished
    if finished is None:
        return []
    state, _ = situation(view)
    done = {"deploy": "deployed", "destroy": "removed", "check": "checked"}.get(view.command, "done")
    what = f"Network {view.network} is {done}."
    if finished.outcome == "unreachable":
        what = f"Network {view.network} is {done}, but not reachable."
    elif finished.exit_code != 0:
        what = f"Network {view.network} is not {done}: {word(finished.outcome)}."
    if refused(finished):
        what = f"Nothing was changed: network {view.network} could not be {done}."
    lines = wrap(canvas, (f"{glyph(state, unicode=canvas.unicode)} ", style(state)), (what, "bold"))
    if view.simulated:
        lines += wrap(canvas, (f"simulated: {', '.join(view.simulated)}; nothing was deployed for real", "yellow"))
    if view.rolling_back:
        lines += wrap(canvas, "What this run had created was removed again; nothing else was touched.")
    if finished.outcome in ("ok", "unreachable") and view.command == "deploy":
        lines += wrap(canvas, "The screen of the checks has the endpoints, and how they are called.")
    elif finished.outcome == "interrupted" and not view.rolling_back:
        lines += wrap(canvas, "What is there stays; starting again goes on from here.")
    if finished.exit_code != 0 and finished.error and finished.outcome != "interrupted":
        lines += ended(finished, canvas)
    return lines


def ended(finished: RunFinished, canvas: Canvas) -> list[Line]:
    """What ended a run, the facts that go with it, and what to do."""
    cause, *facts = (finished.error or "").splitlines()
    lines = wrap(canvas, ("cause:  ", "dim"), cause, hang=8)
    for fact in facts:
        lines += wrap(canvas, "        - ", fact, hang=10)
    return lines + (wrap(canvas, ("remedy: ", "dim"), finished.remedy, hang=8) if finished.remedy else [])


def problem(finding: Finding, canvas: Canvas, step: StepView | None = None, *, evidence: bool = True) -> list[Line]:
    """A finding: where, what, how it is known (`evidence`), what to do."""
    where = "/".join(filter(None, (finding.cluster, finding.namespace)))
    sign = f"{glyph(finding.severity, unicode=canvas.unicode)} {word(finding.severity)} "
    lines = wrap(
        canvas,
        (sign, style(finding.severity)),
        (f"{where} {finding.kind} {finding.name}", "bold"),
        (f"  [{finding.code}]", "dim"),
    )
    lines += wrap(canvas, ("  cause:  ", "dim"), finding.cause, hang=10)
    for fact in finding.evidence if evidence else ():
        lines += wrap(canvas, ("          ", ""), (fact, "dim"), hang=10)
    lines += wrap(canvas, ("  remedy: ", "dim"), finding.remedy, hang=10)
    if step is not None and step.state == "running":
        still = "it cannot heal; the wait ends" if finding.terminal else "still waiting: it may heal by itself"
        lines += wrap(canvas, (f"  {still}", "dim"))
    return lines


def _failure(step: StepView, canvas: Canvas) -> list[Line]:
    lines = wrap(
        canvas,
        (f"{glyph(step.state, unicode=canvas.unicode)} {word(step.state)} ", style(step.state)),
        (f"{step.cluster} {step.label}", "bold"),
    )
    lines += wrap(canvas, ("  cause:  ", "dim"), step.reason or "", hang=10)
    if step.remedy:
        lines += wrap(canvas, ("  remedy: ", "dim"), step.remedy, hang=10)
    return lines


def records(event: DnsWaiting, canvas: Canvas) -> list[Line]:
    """A domain: its records exactly, and what every server answers."""
    sign = (f"{glyph('waiting', unicode=canvas.unicode)} DNS ", style("waiting"))
    who = {
        "external-dns": "external-dns is to create these records",
        "rfc2136": "these records are being sent to the DNS server",
    }.get(event.mode, "create these records")
    lines = wrap(canvas, sign, (event.domain, "bold"), f"  {who}; the run goes on by itself when the servers agree.")
    for record in event.records:
        lines += wrap(canvas, f"    {record.name}.  {record.ttl}  IN {record.type}  {record.value}", hang=6)
    for server, answer in event.servers.items():
        lines += wrap(canvas, ("    " + server, "dim"), (f": {answer}", "dim"), hang=6)
    if event.zone:
        lines += wrap(canvas, (f"    zone {event.zone}", "dim"))
    return lines


# ---------------------------------------------------------------- one step


def about(
    view: RunView, step: StepView, now: float, canvas: Canvas, zone: tzinfo | None = None, *, problems: bool = True
) -> list[Line]:
    """State, time and budget, what it waits for, its problems (unless they are shown elsewhere) and objects; then, as
    far as there is room, the end of what happened and of its logs."""
    lines = wrap(
        canvas,
        (f"{glyph(step.state, unicode=canvas.unicode)} {word(step.state)}", style(step.state)),
        f"{canvas.dot}{_timing(step, now)}",
    )
    what = [step.kind, step.chart and f"chart {step.chart}", step.namespace and f"namespace {step.namespace}"]
    lines += wrap(canvas, (canvas.dot.join(filter(None, what)), "dim"))
    if step.state == "planned" and step.needs:
        open_ = [view.steps[n].label for n in step.needs if n in view.steps and not view.steps[n].ended]
        if open_:
            lines += wrap(canvas, ("needs: ", "dim"), ", ".join(open_), hang=7)
    for index, item in enumerate(step.waiting_for):
        lines += wrap(canvas, ("waits for: " if not index else " " * 11, "dim"), item, hang=11)
    if step.reason:
        lines += wrap(canvas, ("reason: ", "dim"), step.reason, hang=8)
    if step.remedy:
        lines += wrap(canvas, ("remedy: ", "dim"), step.remedy, hang=8)
    for finding in step.findings:
        if problems:
            lines += [(), *problem(finding, canvas, step)]
        elif things(view) > 1:  # told without evidence where they are shown
            for index, fact in enumerate(finding.evidence):
                lines += wrap(canvas, ("evidence: " if not index else " " * 10, "dim"), fact, hang=10)
    if step.resources:
        lines.append(())
    for resource in step.resources.values():
        state = OF_OBJECTS.get(resource.state, "planned")
        said = (f"  {resource.message}", "dim")
        lines += wrap(
            canvas,
            (f"{glyph(state, unicode=canvas.unicode)} ", style(state)),
            (f"{resource.kind} ", "dim"),
            f"{resource.name} ",
            (resource.state, style(state)),
            said,
        )
    for title, more in (("Latest", history(step, canvas, zone)), ("Logs", logs(step, canvas, zone))):
        room = canvas.height - len(lines) - 2
        if more and room > 0:
            lines += [(), ((title, "bold"),), *more[-min(room, 12) :]]
    return lines


def about_cluster(cluster: ClusterView, canvas: Canvas) -> list[Line]:
    """Its gateway, domains and checks."""
    lines = wrap(canvas, (cluster.name, "bold"), ("  simulated" if cluster.simulated else "", "yellow"))
    if cluster.addresses:
        lines += wrap(canvas, ("gateway: ", "dim"), f"{' '.join(cluster.addresses)} ({cluster.service})", hang=9)
    for name, domain in cluster.domains.items():
        state = "ok" if domain.ready is not None else "waiting"
        said = f"leads to {' '.join(domain.ready)}" if domain.ready is not None else "waits for its records"
        lines += wrap(canvas, (f"{glyph(state, unicode=canvas.unicode)} ", style(state)), f"{name} {said}")
    for step_state, count in cluster.counts().items():
        lines += wrap(canvas, (f"{count} {word(step_state)}", style(step_state)))
    if cluster.checks:
        ok = sum(check.status == "ok" for check in cluster.checks.values())
        lines += wrap(canvas, f"{ok} of {plural(len(cluster.checks), 'check')} ok")
    return lines


def _timing(step: StepView, now: float) -> str:
    if step.state == "planned":
        return f"usually {duration(step.estimate)}"
    if step.ended:
        return f"took {duration(step.duration)}" if step.started is not None else "never ran"
    spent = clock(step.elapsed(now))
    again = f", attempt {step.attempt}" if step.attempt > 1 else ""
    if step.budget is None:
        return f"{spent} so far, no limit of its own{again}"
    return f"{spent} of at most {clock(step.budget)}{again}"


def history(step: StepView, canvas: Canvas, zone: tzinfo | None) -> list[Line]:
    """What happened to it, oldest first."""
    lines: list[Line] = []
    for time, text in step.history:
        lines += wrap(canvas, (f"{time_of_day(time, zone)} ", "dim"), text, hang=9)
    return lines


def logs(step: StepView, canvas: Canvas, zone: tzinfo | None) -> list[Line]:
    """Lines of its containers and of Helm, oldest first; the source where it changes."""
    lines: list[Line] = []
    source = None
    for line in step.logs:
        if line.source != source:
            source = line.source
            lines += wrap(canvas, (f"{source}", "bold"))
        kind = style("warning") if line.about == "problem" else ""
        lines += wrap(canvas, (f"{time_of_day(line.time, zone)} ", "dim"), (line.text, kind), hang=9)
    return lines


# ---------------------------------------------------------------- layout


def wrap(canvas: Canvas, *spans: Span | str, hang: int = 2) -> list[Line]:
    """Spans as lines of at most the canvas's width; further lines are indented by `hang` cells."""
    given = [(clean(s), "") if isinstance(s, str) else (clean(s[0]), s[1]) for s in spans]
    whole = "".join(text for text, _ in given)
    if len(whole) <= canvas.width and whole.isascii():
        return [tuple(span for span in given if span[0])]
    pieces = textwrap.wrap(
        whole,
        max(hang + 10, canvas.width),
        subsequent_indent=" " * hang,
        drop_whitespace=True,
        replace_whitespace=False,
        break_on_hyphens=False,
    ) or [""]
    return _styled(whole, pieces, given, hang)


def _styled(whole: str, pieces: list[str], given: list[tuple[str, str]], hang: int) -> list[Line]:
    """The styles of the characters, found again in the wrapped lines."""
    styles = [kind for text, kind in given for _ in text]
    lines: list[Line] = []
    at = 0
    for number, piece in enumerate(pieces):
        indent, text = ("", piece) if not number else (" " * hang, piece[hang:])
        start = whole.find(text, at)
        start = at if start < 0 else start
        at = start + len(text)
        spans: list[Span] = [(indent, "")] if indent else []
        for character, kind in zip(text, styles[start:at], strict=False):
            if spans and spans[-1][1] == kind:
                spans[-1] = (spans[-1][0] + character, kind)
            else:
                spans.append((character, kind))
        lines.append(tuple(spans))
    return lines
