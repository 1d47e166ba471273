"""Write the expected plan beside every case, after a change that is meant: read the diff before committing it.

.venv/bin/python tests/plan/regenerate.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from bevel_tui.network.load import load
from bevel_tui.plan.build import build
from bevel_tui.plan.render import to_json

CASES = Path(__file__).parent / "cases"


def expected(case: Path) -> Path:
    """Where a case's plan is kept."""
    return case.with_suffix(".plan.json")


def main() -> int:
    """Rewrite all; says which ones changed."""
    for case in sorted(CASES.glob("*.yaml")):
        target, text = expected(case), to_json(build(load(str(case))))
        if not target.exists() or target.read_text() != text:
            target.write_text(text)
            print(f"changed: {target.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
