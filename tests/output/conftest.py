"""Streams that say what they are, and a clock that ticks."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator

import pytest

from tests.stories import T0


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal() -> type[Terminal]:
    return Terminal


@pytest.fixture
def ticks() -> Iterator[float]:
    return itertools.count(T0, 0.5)  # type: ignore[return-value]
