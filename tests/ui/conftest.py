"""What tests of screens share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.ui.snapshot import compare


@pytest.fixture
def snapshot() -> Callable[[Pilot[Any], str], None]:
    """Compare what is shown to a recorded file."""
    return compare
