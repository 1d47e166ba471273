"""`bevel-tui doctor`: the answers by topic for people, or as JSON for a bug report."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bevel_tui.output.paper import Paper
from bevel_tui.records.machine import Answer
from bevel_tui.views.words import glyph, style, word


def text(paper: Paper, answers: Sequence[Answer]) -> None:
    """A block per topic; the remedy under what needs one."""
    width = max((len(answer.subject) for answer in answers), default=0)
    for topic in dict.fromkeys(answer.topic for answer in answers):
        paper.line((topic, "bold"))
        for answer in answers:
            if answer.topic != topic:
                continue
            paper.line(
                (f"  {glyph(answer.status, unicode=paper.unicode)} {word(answer.status):<7}  ", style(answer.status)),
                f"{answer.subject:<{min(width, 30)}}  {answer.summary}",
            )
            if answer.remedy:
                paper.line(f"      remedy: {answer.remedy}")
    paper.line("")
    bad = sum(answer.status == "failed" for answer in answers)
    paper.line(f"{bad} to be put right." if bad else "This machine can deploy.")


def to_json(answers: Sequence[Answer]) -> str:
    """A list of `records.machine.Answer` objects."""
    return json.dumps([answer.model_dump(mode="json") for answer in answers], indent=2)
