"""What was installed, as one short text: chart, values and followed files. A re-run compares it and does nothing.

Secret values do not go in, their references do: a digest stands readable in the cluster, and an unkeyed hash of a
password can be guessed. Files with policy ``frozen`` do not count: hooks have written to what came of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bevel_tui.records.steps import ClusterFact, ObjectValue, ReleaseStep, SecretValue

#: label values hold 63 characters; 40 hexadecimal ones are 160 bits
LENGTH = 40


def release_digest(step: ReleaseStep, chart_digest: str, followed: Mapping[str, bytes]) -> str:
    """Digest of a release. `followed` are the contents of handed-off files with policy ``follow``, by chart path."""
    document = {
        "chart": chart_digest,
        "values": _plain(step.values),
        "patches": list(step.patches),
        "files": {path: hashlib.sha256(content).hexdigest() for path, content in followed.items()},
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def _plain(tree: Any) -> Any:
    if isinstance(tree, SecretValue):
        return {"$secret": str(tree)}
    if isinstance(tree, ClusterFact):  # what was true at the install stays: a StorageClass cannot be changed
        return {"$cluster": str(tree)}
    if isinstance(tree, ObjectValue):  # an identity: it stays as long as the keys do, and those are never replaced
        return {"$object": str(tree)}
    if isinstance(tree, Mapping):
        return {str(key): _plain(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_plain(value) for value in tree]
    return tree
