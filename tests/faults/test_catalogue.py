"""No fault of the list is without a test, and what docs/reliability.md says of them is what the tests say."""

from __future__ import annotations

from pathlib import Path

from tests.faults.catalogue import FAULTS, rows

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"


def test_every_fault_is_injected_by_a_test() -> None:
    assert [name for name in FAULTS if all(row.fault != name for row in rows())] == []


def test_the_document_names_every_one_of_them() -> None:
    written = DOCUMENT.read_text()
    for row in rows():
        assert f"| {row.fault} | {row.outcome} | `{row.test}` |" in written, "run tools/reliability.py"
