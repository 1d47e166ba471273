"""A plan for helmfile: one file for all clusters, with needs across them; handoffs are hooks that run by themselves.

Secret values are templates that read the environment or a file when helmfile runs.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from bevel_tui.export import groundwork
from bevel_tui.export.handoffs import slug
from bevel_tui.export.work import Work, place, values
from bevel_tui.export.yamltext import document
from bevel_tui.records.steps import HandoffStep, ReleaseStep, SecretValue

#: seconds, as bevel-tui waits
TIMEOUT = 900


def files(work: Work) -> dict[str, str]:
    """Texts by path: helmfile.yaml and one file of values per release."""
    body = {
        "helmDefaults": {"createNamespace": True, "timeout": TIMEOUT, "wait": True, "waitForJobs": True},
        "releases": [_release(work, step) for step in work.releases],
    }
    found = {"helmfile.yaml": _HEAD + document(body)}
    for step in work.releases:
        found[values_path(step)] = _values(step)
    return found


_HEAD = """\
# Written by bevel-tui. Run `helmfile sync` here; see README.md for what must be there first.
"""


def values_path(step: ReleaseStep) -> str:
    """Where the values of a release are; templates only where secrets are asked for."""
    return f"values/{place(step)}.yaml" + (".gotmpl" if groundwork.secret_gaps(step) else "")


def _release(work: Work, step: ReleaseStep) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": step.release,
        "namespace": step.namespace,
        "kubeContext": work.context(step.cluster),
        "chart": f"./charts/{place(step)}",
        "values": [values_path(step)],
    }
    needs = [f"{work.context(other.cluster)}/{other.namespace}/{other.release}" for other in work.before(step)]
    if needs:
        found["needs"] = needs
    if step.later:
        found |= {"wait": False, "waitForJobs": False}
    carried = [handoff for handoff in work.waits_for(step) if handoff.crossing is None]
    hooks = [_hook(handoff) for handoff in carried]
    # what another operator hands over must be there: Helm would install a chart without it
    awaited = [f"charts/{place(step)}/{h.target_file}" for h in work.files_for(step) if h.crossing == "import"]
    hooks += [{"events": ["presync"], "command": "test", "args": ["-s", path]} for path in awaited]
    if hooks:
        found["hooks"] = hooks
    return found


def _hook(handoff: HandoffStep) -> dict[str, Any]:
    return {"events": ["presync"], "showlogs": True, "command": "sh", "args": [f"./handoffs/{slug(handoff)}.sh"]}


def _values(step: ReleaseStep) -> str:
    """The values; secrets are written by the template language, as JSON, which is YAML."""
    plain, _ = values(step)
    gaps = groundwork.secret_gaps(step)
    if not gaps:
        return document(plain)
    marks: dict[str, str] = {}
    for i, gap in enumerate(gaps):
        mark = f"BEVEL-TUI-SECRET-{i}"
        _put(plain, gap.path, mark)
        if isinstance(gap.value, SecretValue):
            marks[mark] = _template(gap.value)
    # what a chart wants literally in double braces must not be read by helmfile
    text = document(plain).replace("{{", '{{ "{{" }}')
    for mark, template in marks.items():
        text = text.replace(mark, template)
    return text


def _template(value: SecretValue) -> str:
    if value.env:
        return f"{{{{ requiredEnv {json.dumps(value.env)} | toJson }}}}"
    return f'{{{{ readFile {json.dumps(value.file)} | trimSuffix "\\n" | toJson }}}}'


def _put(tree: Any, path: tuple[str | int, ...], value: str) -> None:
    for part, following in pairwise(path):
        if isinstance(part, str) and part not in tree:
            tree[part] = [] if isinstance(following, int) else {}
        tree = tree[part]
    tree[path[-1]] = value
