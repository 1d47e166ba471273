"""The whole way on a real terminal: from the start to a reachable sandbox network, then the saved preset without a screen."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bevel_tui import api
from tests.ui.pseudo import pseudo
from tests.ui.terminal import PATIENCE, Terminal, environment, terminal

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(400)]
in_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
SPEED = "60"
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


def plan_of_run(folder: Path) -> str:
    """The plan that the one run of this home carried out, as its journal has it, and that it ended well."""
    (journal,) = (folder / "xdg_state_home").rglob("events.jsonl")
    events = [json.loads(line) for line in journal.read_text().splitlines()]
    assert events[-1]["outcome"] == "ok", events[-1]
    return str(next(e for e in events if e["type"] == "run-started")["plan"])


def replay(folder: Path, preset: str) -> str:
    """The plan of the preset, deployed without a screen."""
    result = subprocess.run(
        [sys.executable, "-m", "bevel_tui", "--preset", preset, "--sandbox", "--speed", SPEED, "-o", "jsonl"],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert any(e["type"] == "check-done" for e in events)
    return str(next(e for e in events if e["type"] == "run-started")["plan"])


def sandboxes(folder: Path) -> list[Path]:
    """Simulated clusters that were left behind."""
    return list((folder / "xdg_state_home" / "bevel-tui" / "sandbox").glob("*"))


def start_to_review(screen: Terminal) -> None:
    """The sandbox, and every proposal as it is."""
    screen.wait("Try the sandbox", "No kubeconfig was found")
    screen.keys("Enter")
    screen.wait("2 of 2 used", "bevel-west ● ready")
    for words in ("Ethereum for consortia", "Ports opened at west: 80, 15010", "supplychain (founder)", "DNS mode"):
        screen.keys("C-n")
        screen.wait(words)
    screen.keys("C-n")
    screen.wait("1 Document", "kind: Network")


@in_tmux
def climb(screen: Terminal, *words: str) -> None:
    """Scrolls up until all was seen. Long paths break anywhere: blanks and frames do not count."""
    left, end = set(words), time.monotonic() + PATIENCE
    while left:
        assert time.monotonic() < end, f"{left} are not shown:\n{screen.run('capture-pane', '-p')}"
        shown = re.sub(r"[\s\u2500-\u259f]", "", screen.run("capture-pane", "-p"))
        left = {word for word in left if word not in shown}
        screen.keys("Up")
        time.sleep(0.05)


def test_the_wizard_from_start_to_a_reachable_network(tmp_path: Path) -> None:
    with terminal(tmp_path, "setup", "--speed", SPEED) as screen:
        start_to_review(screen)
        screen.keys("C-s")
        screen.wait("Save the preset", "besu-network.yaml")
        screen.keys("Enter")
        screen.wait("Saved")
        screen.keys("C-n")
        screen.wait("besu-network", "simulated", "finished: ok", "is deployed")
        screen.keys("r")
        screen.wait("Reachability", "deployed and reachable")
        screen.keys("End")
        screen.wait("see what a changed")
        climb(screen, "report.html", "preset:besu-network.yaml")
        screen.keys("C-q")
        screen.wait("left with 0")
    assert not sandboxes(tmp_path)
    wanted = plan_of_run(tmp_path)
    assert wanted == api.plan(api.load(str(tmp_path / "besu-network.yaml"))).id
    shutil.rmtree(tmp_path / "xdg_state_home")
    assert replay(tmp_path, "besu-network.yaml") == wanted


def test_the_same_line_by_line(tmp_path: Path) -> None:
    with pseudo(tmp_path, "setup", "--plain", "--speed", SPEED, "-o", "plain.yaml") as person:
        person.wait("What shall it be?", "Try the sandbox")
        person.keys("Enter")
        person.wait("1/6 Clusters", "Name east")
        person.keys("Enter")
        person.wait("Domain east.example.test")
        person.keys("C-u")
        person.text("East!")
        person.keys("Enter")
        person.wait("must be a DNS name")
        person.keys("C-u")
        person.text("eastern.example.test")
        # every other proposal as it is; the questions with good defaults are not asked
        for words in (
            "Name west", "west.example.test", "(4)?", "Network", "Platform", "Version", "Consensus", "(5)?", "Gateway",
            "Domain east", "Domain west", "(6)?", "How many organizations?", "supplychain", "Cluster", "Validators",
            "Members", "carrier", "Cluster", "Validators", "Members", "settings that have good defaults (8)?",
            "DNS mode", "Keys in", "Images from", "Ledger charts", "good defaults", "What next?",
        ):  # fmt: skip
            person.keys("Enter")
            person.wait(words)
        person.keys("Enter")
        person.wait("Preset file", "plain.yaml")
        person.keys("Enter")
        person.wait("eastern.example.test:15010", "Checks 130 ok")
        assert person.ended() == 0
    assert not sandboxes(tmp_path)
    wanted = plan_of_run(tmp_path)
    network = api.load(str(tmp_path / "plain.yaml"))
    assert network.clusters[0].domain == "eastern.example.test"
    assert wanted == api.plan(network).id
    shutil.rmtree(tmp_path / "xdg_state_home")
    assert replay(tmp_path, "plain.yaml") == wanted


def test_without_a_terminal_it_says_what_to_do(tmp_path: Path) -> None:
    for arguments in (("setup",), ("setup", "--plain")):
        result = subprocess.run(
            [sys.executable, "-m", "bevel_tui", *arguments],
            cwd=tmp_path,
            env=environment(tmp_path),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 2
        assert "terminal" in result.stderr and "Traceback" not in result.stderr


class Browser:
    """A visitor as textual-serve 1.1 starts us for one: no terminal but pipes, on which packets carry what it would."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        driver = {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver", "COLUMNS": "100", "ROWS": "30"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bevel_tui", *arguments],
            cwd=folder,
            env={**environment(folder), **driver},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.written = b""

    def __enter__(self) -> Browser:
        self.process.__enter__()
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"__GANGLION__\n"
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.__exit__(None, None, None)

    def wait(self, word: bytes) -> None:
        """Read until it is written, whatever colours are in between."""
        assert self.process.stdout is not None
        while word not in ESCAPES.sub(b"", self.written):
            kind, size = self.process.stdout.read(1), int.from_bytes(self.process.stdout.read(4), "big")
            assert kind, self.written
            self.written += self.process.stdout.read(size)

    def send(self, kind: bytes, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(kind + len(data).to_bytes(4, "big") + data)
        self.process.stdin.flush()

    def closed(self) -> int:
        """The visitor goes away; the exit code."""
        assert self.process.stdout is not None
        self.send(b"M", json.dumps({"type": "quit"}).encode())
        self.process.stdout.read()
        return self.process.wait(60)


def test_in_a_browser_behind_textual_serve(tmp_path: Path) -> None:
    with Browser(tmp_path) as visitor:
        visitor.wait(b"Try the sandbox")
        visitor.send(b"D", b"\x1bOP")  # F1
        visitor.wait(b"is the one in the keymap")
        assert visitor.closed() == 0


def test_a_deployment_in_a_browser_ends_with_its_visitor(tmp_path: Path) -> None:
    """The live panels, and that a closed tab leaves no simulated cluster behind and a run that has a last word."""
    with Browser(tmp_path, "--preset", "besu-two-clusters", "--sandbox", "--speed", SPEED, "-o", "screen") as visitor:
        visitor.wait(b"besu-two-clusters")
        visitor.wait(b"genesis")  # a release: the plan is there
        visitor.closed()
    assert not sandboxes(tmp_path)
    (journal,) = (tmp_path / "xdg_state_home").rglob("events.jsonl")
    assert json.loads(journal.read_text().splitlines()[-1])["type"] == "run-finished"
