"""Every command in the documentation is run: here, by the test of the tutorial, or for a reason that is said."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bevel_tui import api
from tests.docs.pages import PAGES, ROOT, Command, commands
from tests.docs.stage import BEVELS, PRESET, Stage, clusters

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(600)]

#: a command -> why it is not run here
NOT_HERE = {
    r"(aws|az|gcloud|doctl|kubelogin) ": "a managed cloud's own program, and an account there",
    r"(kind|minikube) ": "starts clusters in containers",
    r"sudo cp /etc/rancher": "k3s's own file, and root",
    r"curl -s http://member-carrier": "a name in the reader's own DNS",
    r"kubectl -n oem-subs port-forward": "a container that runs",
    r"pipx install \.": "installs: tests/package does so with the wheel",
    r"pip install bevel-tui$": "the wheel, which tests/package installs in empty environments",
    r'echo "\$KUBECONFIG_TEXT"': "would write over the kubeconfig of the other commands with a secret of the reader",
    r"python3 -m venv": "installs: .ci/run takes these lines from the page itself, and tests/package installs the wheel",
    r"source \.venv": "belongs to the installation",
    r"\.venv/bin/pytest": "the tests themselves",
    r"\.venv/bin/python (benchmarks|tests/plan/regenerate)": "for whoever changes the program; writes into the clone",
    r"python -m tests\.cluster\.binary": "builds a program for five minutes; .ci/run does",
    r"git diff": "for whoever changes the program",
    r"bevel-tui --preset \S+ --sandbox$": (
        "minutes for all platforms: tests/cluster/test_presets.py types `--preset` for every shipped preset, "
        "tests/docs/test_tutorial.py `--sandbox`, and tests/sandbox/test_whole.py plays each platform"
    ),
}
#: marks of blocks that other tests run as they stand
RUN_ELSEWHERE = {"run", "background", "test"}
#: exit codes that are as documented, where they are not 0. What is wrong at this moment is no matter of the page
CODES = {"bevel-tui setup --plain": {130}, "bevel-tui diagnose": {0, 7}}


def why_not(command: Command) -> str | None:
    if command.mark in RUN_ELSEWHERE:
        return f"block marked {command.mark}"
    return next((reason for pattern, reason in NOT_HERE.items() if re.match(pattern, command.text)), None)


def to_run() -> dict[Path, list[Command]]:
    """What is run of each page: every command once, in order, and what takes the network away at the very end."""
    found: dict[tuple[str, bool], Command] = {}
    # the README takes the network away, so it comes last
    for page in sorted(PAGES, key=lambda page: page.name == "README.md"):
        for command in commands(page):
            if why_not(command) is None:
                found.setdefault((command.text, page.name in BEVELS), command)
    pages: dict[Path, list[Command]] = {}
    for command in sorted(found.values(), key=lambda command: command.text.startswith("bevel-tui destroy")):
        pages.setdefault(command.page, []).append(command)
    return pages


RUN = to_run()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Clusters with the network that the pages speak of, deployed as the README says."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed, on which the screens are looked at")
    home = tmp_path_factory.mktemp("docs")
    with clusters(home) as kubeconfig:
        made = Stage(home, kubeconfig)
        (home / "k3s.yaml").write_bytes(kubeconfig.read_bytes())
        (home / "presets").symlink_to(ROOT / "presets")
        (home / "bevels.yaml").write_text(api.export_network_yaml(api.load(PRESET)).text)
        code = made._shell(f"bevel-tui --preset {PRESET} --kubeconfig {kubeconfig} --yes")
        assert code == 0, made.printed
        yield made


@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page(
    page: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stage.lay(page)
    for command in RUN[page]:
        wanted = next((codes for part, codes in CODES.items() if part in command.text), {0})
        code = stage.run(command, monkeypatch, lambda: "".join(capfd.readouterr()))
        assert code in wanted, f"{command.name}\nended with {code}\n{stage.printed}"


def test_reasons_are_not_older_than_the_pages() -> None:
    texts = [command.text for page in PAGES for command in commands(page)]
    assert [pattern for pattern in NOT_HERE if not any(re.match(pattern, text) for text in texts)] == []


def test_there_are_many() -> None:
    assert sum(map(len, RUN.values())) > 50
