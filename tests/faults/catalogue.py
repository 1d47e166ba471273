"""The faults that a deployment has to live with, and which test injects each: `docs/reliability.md` is made of it.

A test says what it injects and what becomes of it with `@fault(...)`; `rows` reads that off the tests. This module needs
neither the product nor a running test.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

#: every fault that must be tried; a test may name no other
FAULTS = (
    "API server restart",
    "429 with Retry-After",
    "500 bursts",
    "hanging connections",
    "watches closed every second",
    "410 Gone",
    "clock skew",
    "expired and rotated credentials",
    "one cluster down from the start",
    "one cluster dying half-way",
    "slow API",
    "full etcd",
    "webhook down",
    "ResourceQuota",
    "LimitRange",
    "namespace stuck Terminating",
    "DNS server dead",
    "chart repository gone half-way",
    "disk full for the journal",
    "missing rights",
    "two operators at once",
)
#: where tests with `@fault` are
MODULES = (
    "tests.faults.test_faults",
    "tests.faults.test_connections",
    "tests.faults.test_virtual",
    "tests.cluster.test_faults",
    "tests.engine.test_memory",
    "tests.engine.test_run",
)

Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Row:
    """One test of one fault: what then happens, in a sentence. `test` is its pytest id, without parameters."""

    fault: str
    outcome: str
    test: str


def fault(name: str, outcome: str) -> Callable[[Test], Test]:
    """Marks a test. Raises ValueError for a fault that is not on the list."""
    if name not in FAULTS:
        raise ValueError(f"{name!r} is none of the faults of {__name__}")

    def mark(test: Test) -> Test:
        test.faults = (*getattr(test, "faults", ()), (name, outcome))  # type: ignore[attr-defined]
        return test

    return mark


def rows() -> Iterator[Row]:
    """All tests of all faults, in the list's order, then in the modules'."""
    found = [
        Row(name, outcome, f"{module.replace('.', '/')}.py::{test}")
        for module in MODULES
        for test, function in vars(importlib.import_module(module)).items()
        for name, outcome in getattr(function, "faults", ())
    ]
    return iter(sorted(found, key=lambda row: FAULTS.index(row.fault)))
