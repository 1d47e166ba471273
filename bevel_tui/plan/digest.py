"""The id of a plan: equal for equal plans, on every machine and in every process."""

from __future__ import annotations

import hashlib
import json

from bevel_tui.plan import plain
from bevel_tui.plan.graph import Plan

LENGTH = 12


def digest(plan: Plan) -> str:
    """The first `LENGTH` hexadecimal digits of a SHA-256 over all that the plan says, secrets masked.

    Masked, since a digest of a secret helps to guess it; references and all other values count.
    """
    document = {
        "network": plan.network_name,
        "platform": plan.platform,
        "steps": [plain.step(step) for step in plan.steps],
        "endpoints": [plain.endpoint(endpoint) for endpoint in plan.endpoints],
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]
