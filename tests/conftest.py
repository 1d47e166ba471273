"""What all tests share: no test may see the user's own clusters, caches or state, or write a kubeconfig."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.guard import guarded
from tests.stories import Story

# Machines are noisy: how long an example takes is a benchmark's business, not a test's.
settings.register_profile("bevel-tui", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bevel-tui")


# Hundreds of tests start the program: each start would compile it anew where the environment (an image's, usually)
# keeps Python from remembering what it compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

#: files that take longest, in seconds of a quiet machine with two cores: begun first, so that no worker is left alone
#: with one of them in the end
LONG = {
    "cluster/test_presets.py": 420,
    "cli/test_growth.py": 220,
    "cluster/test_kill.py": 130,
    "cli/test_handoff.py": 130,
    "sandbox/test_whole.py": 100,
    "ui/test_wizard.py": 100,
    "faults/test_faults.py": 100,
    "docs/test_commands.py": 100,
    "ui/test_deploy.py": 85,
    "package/test_wheel.py": 80,
    "ui/dashboard/test_dashboard.py": 65,
    "cli/test_job.py": 60,
    "cluster/test_contract_drivers.py": 60,
    "cli/test_check.py": 50,
    "ui/test_terminal.py": 50,
    "ui/test_steering.py": 50,
    "sandbox/test_players_corda.py": 50,
    "cluster/test_cut.py": 35,
    "docs/test_tutorial.py": 35,
    "security/test_canaries.py": 35,
    "helm/test_drivers_contract.py": 35,
    "sandbox/test_faults_play.py": 30,
    "engine/test_killed.py": 30,
    "platforms/test_accepted.py": 30,
    "faults/test_kill.py": 25,
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """``-n auto``: more than there are cores, for half of the time a test waits for clusters and other processes."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + max(cores // 2, 1)


def pytest_configure(config: pytest.Config) -> None:
    """pytest-xdist would begin with the files that have most tests: here these are the quickest ones."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, the others as they come."""
    here = Path(__file__).parent
    items.sort(key=lambda item: -LONG.get(item.path.relative_to(here).as_posix(), 0))


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
