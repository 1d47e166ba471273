"""A report as Markdown: for merge requests, tickets and terminals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from bevel_tui.views.words import clean, duration, word

#: Markdown would read these as more than text
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#])")
OUTCOMES = {
    "ok": "ended well",
    "failed": "failed",
    "unusable": "could not use a cluster",
    "timed-out": "ran out of time",
    "unreachable": "deployed, but not reachable",
    "interrupted": "was interrupted",
    "unfinished": "did not come to its end",
}


def render(report: dict[str, Any]) -> str:
    """The whole report, with a final newline."""
    parts = [
        _head(report),
        _failures(report),
        _findings(report),
        _clusters(report),
        _endpoints(report),
        _checks(report),
        _timeline(report),
        _skipped(report),
        _handoffs(report),
        _versions(report),
        _notices(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def text(value: object) -> str:
    """Text from clusters, harmless for terminals and Markdown alike."""
    return _SPECIAL.sub(r"\\\1", clean(str(value)))


def table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    """A table; empty without rows."""
    body = [f"| {' | '.join(text(cell) for cell in row)} |" for row in rows]
    if not body:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *body])


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _head(report: dict[str, Any]) -> str:
    lines = [f"# {text(report['network'] or report['run'])}: {report['command']} {OUTCOMES[report['outcome']]}", ""]
    if report["simulated"]:
        lines += [f"**Simulated** clusters: {text(', '.join(report['simulated']))}. No container ran.", ""]
    if report["error"]:
        for said in (*report["error"].splitlines(), *filter(None, [report["remedy"]])):
            lines += [text(said), ""]
    counts = ", ".join(f"{count} {word(state)}" for state, count in report["counts"].items())
    facts = [
        ("Platform", report["platform"]),
        ("Run", report["run"]),
        ("Begun", report["started"]),
        ("Took", duration(report["duration"])),
        ("Steps", counts),
        ("Exit code", report["exit_code"]),
        ("Plan", report["plan"]),
    ]
    return "\n".join([*lines, table(("", ""), [(a, b) for a, b in facts if b not in (None, "")])])


def _failures(report: dict[str, Any]) -> str:
    lines = []
    for failure in report["failures"]:
        lines.append(f"- **{text(failure['step'])}** {word(failure['state'])}: {text(failure['reason'] or '')}")
        if failure["remedy"]:
            lines.append(f"  - Remedy: {text(failure['remedy'])}")
    return _section("Failures", "\n".join(lines))


def _findings(report: dict[str, Any]) -> str:
    lines: list[str] = []
    for finding in report["findings"]:
        where = "/".join(
            str(part) for part in (finding["cluster"], finding["namespace"], finding["kind"], finding["name"]) if part
        )
        state = "" if finding["open"] else " (healed since)"
        lines.append(
            f"- **{text(finding['code'])}** {finding['severity']}{state}: {text(where)}: {text(finding['cause'])}"
        )
        lines += [f"  - {text(line)}" for line in finding["evidence"]]
        lines.append(f"  - Remedy: {text(finding['remedy'])}")
    return _section("Findings", "\n".join(lines))


def _clusters(report: dict[str, Any]) -> str:
    rows = []
    for cluster in report["clusters"]:
        domains = ", ".join(
            f"{item['domain']} ({', '.join(item['ready']) if item['ready'] is not None else 'does not lead there yet'})"
            for item in cluster["domains"]
        )
        releases = sum(len(o["releases"]) for o in cluster["organizations"])
        names = ", ".join(o["name"] or "gateway" for o in cluster["organizations"])
        simulated = " (simulated)" if cluster["simulated"] else ""
        rows.append((cluster["name"] + simulated, names, releases, ", ".join(cluster["addresses"]), domains))
    return _section("Clusters", table(("Cluster", "Organizations", "Releases", "Gateway", "Names"), rows))


def _endpoints(report: dict[str, Any]) -> str:
    rows = [
        (e["organization"], e["id"], e["url"], "" if e["exposed"] else "inside the cluster only")
        for e in report["endpoints"]
    ]
    return _section("Endpoints", table(("Organization", "Endpoint", "Address", ""), rows))


def _checks(report: dict[str, Any]) -> str:
    checks = report["checks"]
    body = table(
        ("Status", "Check", "Cluster", "Target", "From", "Answer"),
        [(word(c["status"]), c["id"], c["cluster"], c["target"], c["vantage"], c["summary"]) for c in checks],
    )
    bad = [c for c in checks if c["status"] in ("failed", "warning")]
    lines: list[str] = []
    for check in bad:
        lines.append(f"- **{text(check['id'])}** {text(check['target'])}: {text(check['summary'])}")
        lines += [f"  - {text(line)}" for line in check["evidence"]]
        if check["remedy"]:
            lines.append(f"  - Remedy: {text(check['remedy'])}")
    return _section("Checks", "\n\n".join(part for part in (body, "\n".join(lines)) if part))


def _timeline(report: dict[str, Any]) -> str:
    rows = [
        (
            duration(step["begin"]),
            duration(step["seconds"]),
            step["cluster"],
            step["label"],
            word(step["state"]),
            "yes" if step["critical"] else "",
        )
        for step in report["timeline"]
        if step["begin"] is not None
    ]
    body = table(("After", "Took", "Cluster", "Step", "State", "Critical path"), rows)
    path = " -> ".join(f"{text(part['step'])} ({duration(part['seconds'])})" for part in report["critical_path"])
    return _section("Timeline", f"Critical path: {path}\n\n{body}" if path else body)


def _skipped(report: dict[str, Any]) -> str:
    return _section("Skipped", table(("Step", "Why"), [(s["step"], s["reason"] or "") for s in report["skipped"]]))


def _handoffs(report: dict[str, Any]) -> str:
    rows = [(h["source"], h["target"], h["bytes"], ", ".join(h["held_back"])) for h in report["handoffs"]]
    return _section("Handoffs", table(("From", "To", "Bytes", "Held back"), rows))


def _versions(report: dict[str, Any]) -> str:
    rows = [
        (
            c["chart"],
            c["version"],
            c["source"] + (" (stand-in)" if c["stand_in"] else ""),
            c["digest"],
            len(c["releases"]),
        )
        for c in report["charts"]
    ]
    tools = f"bevel-tui {text(report['bevel_tui'])}" + (f", Helm {text(report['helm'])}" if report["helm"] else "")
    charts = table(("Chart", "Version", "Source", "Digest", "Releases"), rows)
    return _section("Versions", f"{tools}\n\n{charts}" if charts else tools)


def _notices(report: dict[str, Any]) -> str:
    return _section("Notices", "\n".join(_notice_lines(report)))


def _notice_lines(report: dict[str, Any]) -> Iterator[str]:
    for notice in report["notices"]:
        yield f"- {notice['level']}: {text(notice['text'])}"
