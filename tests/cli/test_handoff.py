"""Two operators bring one network about: each has a kubeconfig of their own clusters only, and bundles go by hand.

The sandbox is one world with several clusters, as the internet is: nodes of one cluster reach gateways of the other.
What operators share is the preset, nothing else: the sandbox's kubeconfig is cut into one per cluster.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.sandbox

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]

#: every shipped preset over two clusters, so that a new platform joins by itself
PRESETS = sorted(path.stem for path in (ROOT / "presets").glob("*-two-clusters.yaml"))


@dataclass
class Operator:
    """Who runs one cluster: their organizations, their kubeconfig, their run and what it said."""

    cluster: str
    organizations: list[str]
    kubeconfig: Path
    process: subprocess.Popen[str] | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def as_flags(self) -> list[str]:
        return [flag for name in self.organizations for flag in ("--as", name)]

    def start(self, preset: str, state: Path) -> None:
        command = [sys.executable, "-m", "bevel_tui", "--preset", preset, *self.as_flags]
        self.process = subprocess.Popen(
            [*command, "--kubeconfig", str(self.kubeconfig), "--yes", "-o", "jsonl", "--timeout", "400s"],
            cwd=ROOT,
            env={**os.environ, "XDG_STATE_HOME": str(state)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line) if line.startswith("{") else {"type": "text", "text": line})

    @property
    def waits(self) -> bool:
        """Whether the run waits for a bundle now."""
        waiting = set()
        for event in list(self.events):
            if event["type"] == "step-waiting" and "handoff import" in event["waiting_for"][0]:
                waiting.add(event["step"])
            if event["type"] == "step-finished":
                waiting.discard(event["step"])
        return bool(waiting)

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None


@pytest.fixture(params=PRESETS)
def preset(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def source(preset: str) -> Path:
    """The file of a preset that is named or is one."""
    return Path(preset) if preset.endswith(".yaml") else ROOT / "presets" / f"{preset}.yaml"


@pytest.fixture
def operators(preset: str, tmp_path: Path) -> Iterator[tuple[Operator, ...]]:
    """The sandbox of a preset, its kubeconfig cut up; whatever a test leaves running is ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bevel_tui", "sandbox", "up", "--preset", preset, "--speed", "20"],
        cwd=ROOT,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "sandbox")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    whole = yaml.safe_load(Path(process.stdout.readline().strip()).read_text())
    document = yaml.safe_load(source(preset).read_text())
    found = []
    for cluster in document["clusters"]:
        context = next(c for c in whole["contexts"] if c["name"] == cluster["context"])
        part = {
            **whole,
            "current-context": cluster["context"],
            "contexts": [context],
            "clusters": [c for c in whole["clusters"] if c["name"] == context["context"]["cluster"]],
            "users": [u for u in whole["users"] if u["name"] == context["context"]["user"]],
        }
        path = tmp_path / f"{cluster['name']}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(part))
        names = [o["name"] for o in document["organizations"] if o["cluster"] == cluster["name"]]
        found.append(Operator(cluster["name"], names, path))
    yield tuple(found)
    for operator in found:
        if operator.runs and operator.process is not None:
            operator.process.kill()
            operator.process.wait(60)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def carry(bevel: Run, preset: str, sender: Operator, receiver: Operator, path: Path, sent: dict[str, Any]) -> None:
    """Take a bundle from one operator to the other, if there is news in it."""
    wanted = [flag for name in receiver.organizations for flag in ("--for", name)]
    made = bevel(
        "handoff", "export", "--preset", preset, *sender.as_flags, *wanted, "-o", str(path),
        "--kubeconfig", str(sender.kubeconfig),
    )  # fmt: skip
    if made.returncode != 0:
        assert (made.returncode, "handoff-empty" in made.stderr or "needs nothing" in made.stderr) in {
            (1, True),
            (2, True),
        }, made.stderr
        return
    bundle = yaml.safe_load(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE KEY" not in path.read_text()
    news = {key: bundle.get(key) for key in ("items", "done", "addresses")}
    if sent.get(receiver.cluster) == news:
        return
    digest = ["--digest", bundle["digest"]]
    took = bevel(
        "handoff", "import", "--preset", preset, *receiver.as_flags, str(path), *digest,
        "--kubeconfig", str(receiver.kubeconfig),
    )  # fmt: skip
    assert took.returncode == 0, took.stderr
    sent[receiver.cluster] = news


def test_two_operators_without_a_common_kubeconfig(
    bevel: Run, preset: str, operators: tuple[Operator, ...], tmp_path: Path
) -> None:
    """Each deploys their part of the same preset; bundles go to and fro until both are done and reachable."""
    for operator in operators:
        operator.start(preset, tmp_path / operator.cluster)
    sent: dict[str, Any] = {}
    deadline = time.monotonic() + 100
    while any(operator.runs for operator in operators) and time.monotonic() < deadline:
        for receiver in operators:
            if receiver.runs and receiver.waits:
                for sender in operators:
                    if sender is not receiver:
                        carry(bevel, preset, sender, receiver, tmp_path / "bundle.yaml", sent)
        time.sleep(0.1)
    for operator in operators:
        assert operator.process is not None
        last = operator.events[-1] if operator.events else {}
        assert operator.process.wait(60) == 0, last
        assert last["type"] == "run-finished"
        checks = [event["result"] for event in operator.events if event["type"] == "check-done"]
        assert {(check["cluster"], check["status"]) for check in checks} == {(operator.cluster, "ok")}
        acted = {event["cluster"] for event in operator.events if event["type"] == "release-applied"}
        assert acted == {operator.cluster}
    assert sent, "nothing had to cross: the preset does not test what it should"
    # again, on another machine so to say: what was taken in is found in the clusters, and nothing is to be done
    for operator in operators:
        flags = ["--preset", preset, *operator.as_flags, "--kubeconfig", str(operator.kubeconfig)]
        again = bevel("plan", *flags, "--exit-code")
        assert again.returncode == 0, again.stdout + again.stderr
        # from here the other's names and gateways can be asked too; what only its owner can look up is left out
        asked = bevel("check", *flags, "-o", "json")
        assert asked.returncode == 0, asked.stdout
        results = json.loads(asked.stdout)["results"]
        others = [result for result in results if result["cluster"] != operator.cluster]
        assert {result["status"] for result in results} == {"ok"}, results
        assert {"dns-resolves", "protocol"} <= {result["id"] for result in others} or preset.startswith("indy")
