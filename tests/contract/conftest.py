"""The list of what Bevel's real charts render, and plans for the same documented command sequences.

The list is not part of the project: it is looked for in BEVEL_CONTRACT or beside the project's folder.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BESIDE = ROOT.parent / "shared" / "bevel" / "charts-contract"


def contract_folder() -> Path | None:
    """Where the contract's JSON files are, if they are anywhere."""
    folder = Path(os.environ.get("BEVEL_CONTRACT") or BESIDE)
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def contract() -> dict[str, list[dict[str, Any]]]:
    """The documented install lines by platform."""
    folder = contract_folder()
    if folder is None:
        pytest.skip(f"no charts-contract: set BEVEL_CONTRACT to its folder (looked in {BESIDE})")
    return {
        name: json.loads((folder / f"{file}.json").read_text())
        for name, file in (
            ("besu", "hyperledger-besu"),
            ("quorum", "quorum"),
            ("fabric", "hyperledger-fabric"),
            ("indy", "hyperledger-indy"),
            ("substrate", "substrate"),
            ("corda", "r3-corda"),
            ("corda-enterprise", "r3-corda-ent"),
        )
    }
