"""Check results as JUnit XML, which build servers show: a suite per cluster, a case per check."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from bevel_tui.records.checks import CheckResult
from bevel_tui.views.checks import about, ordered
from bevel_tui.views.words import clean


def to_junit(results: Sequence[CheckResult], *, network: str) -> str:
    """One ``<testsuites>`` document. A warning is a case that passed, with its words in ``system-out``."""
    root = ElementTree.Element("testsuites", name=f"bevel-tui check {network}")
    for cluster in dict.fromkeys(result.cluster for result in ordered(results)):
        mine = [result for result in ordered(results) if result.cluster == cluster]
        suite = ElementTree.SubElement(root, "testsuite", {"name": cluster, **_counts(mine)})
        for result in mine:
            _case(suite, result)
    for name, value in _counts(results).items():
        root.set(name, value)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _counts(results: Sequence[CheckResult]) -> dict[str, str]:
    states = [result.status for result in results]
    return {
        "tests": str(len(states)),
        "failures": str(states.count("failed")),
        "errors": "0",
        "skipped": str(states.count("skipped")),
        "time": f"{sum(result.duration for result in results):.3f}",
    }


def _case(suite: ElementTree.Element, result: CheckResult) -> None:
    seen = "" if result.vantage == "here" else f" (from {result.vantage})"
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"{result.cluster}.{result.category}.{result.id}",
        name=clean(result.target) + seen,
        time=f"{result.duration:.3f}",
    )
    details = [about(result), *result.evidence]
    details += [f"remedy: {result.remedy}"] if result.remedy else []
    details += [f"run: {result.command}"] if result.command else []
    body = "\n".join(clean(line) for line in details)
    if result.status == "failed":
        ElementTree.SubElement(case, "failure", type=result.code or result.id, message=clean(about(result))).text = body
    elif result.status == "skipped":
        ElementTree.SubElement(case, "skipped", message=clean(result.summary))
    elif result.status == "warning":
        ElementTree.SubElement(case, "system-out").text = f"warning: {body}"
