"""The guard that watches kubeconfig files in every test sees what it shall see."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bevel_tui.kube import contexts
from tests.guard import GUARD

TEXT = "apiVersion: v1\nkind: Config\n"


def _bytes(path: Path) -> None:
    run(f"open({str(path)!r}, 'a').write('# more')", path)


def _time(path: Path) -> None:
    run(f"import os; os.utime({str(path)!r}, (1, 1))", path)


def _beside(path: Path) -> None:
    run(f"open({str(path) + '.lock'!r}, 'w')", path)


def _quietly(path: Path) -> None:
    run(f"open({str(path)!r}).read()", path)


def run(code: str, path: Path) -> None:
    """In a process that is told of the file, as Helm is."""
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "KUBECONFIG": str(path)}, check=True)


@pytest.mark.parametrize(
    ("act", "said"),
    [(_bytes, "has other bytes"), (_time, "was touched"), (_beside, "lies beside it"), (_quietly, "")],
)
def test_what_a_process_does_to_a_kubeconfig_is_seen(act: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(TEXT)
    act(path)
    found = GUARD.end()
    assert said in "".join(found)
    assert bool(found) == bool(said)
    GUARD.begin()


def test_what_the_product_does_itself_is_seen_at_once(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(TEXT)
    contexts.read(str(path))
    exec(compile(f"open({str(path)!r}, 'w').close()", contexts.__file__, "exec"), {})
    path.write_text(TEXT)
    assert "kube/contexts.py:1 does open" in "".join(GUARD.end())
    GUARD.begin()
