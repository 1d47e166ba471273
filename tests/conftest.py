"""What all tests share: no test may see the user's own clusters, caches or state, or write a kubeconfig."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.guard import guarded
from tests.stories import Story

# Machines are noisy: how long an example takes is a benchmark's business, not a test's.
settings.register_profile("bevel-tui", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bevel-tui")


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test gets its own HOME and XDG directories and no KUBECONFIG (the tools' cache stays: it is read only)."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("BEVEL_TUI_TEST_CACHE", os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")))
    for name, value in {
        "HOME": home,
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_STATE_HOME": home / ".state",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_DATA_HOME": home / ".data",
    }.items():
        monkeypatch.setenv(name, str(value))
    for name in ("KUBECONFIG", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "BEVEL_TUI_HELM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _kubeconfig_is_only_read(_own_home: None) -> Iterator[None]:
    """Whatever a test does: kubeconfig files stay as they are, and nothing appears beside them."""
    with guarded():
        yield
    assert not (Path.home() / ".kube" / "cache").exists(), "Helm's discovery cache belongs elsewhere"


@pytest.fixture
def kubectl_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person's own kubectl and helm remember of servers is theirs, and lies apart from what is ours."""
    monkeypatch.setenv("KUBECACHEDIR", str(tmp_path / "kube-cache"))


@pytest.fixture
def story() -> Story:
    """Runs as they could have been, for whatever shows one."""
    return Story()
