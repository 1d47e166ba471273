"""Where the commands of the documentation are typed: simulated clusters under every context that the pages name, a home,
and the files that a command reads. Each command runs in the way that its user would see: on a terminal where it asks or
draws screens, in this process where it does neither (starting Python eighty times would be most of the work)."""

from __future__ import annotations

import fcntl
import itertools
import os
import pty
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bevel_tui import api
from bevel_tui.cli import main
from bevel_tui.helm.charts import ReleaseCharts
from bevel_tui.network.model import Network
from bevel_tui.plan.build import build
from bevel_tui.plan.manifests import manifests
from bevel_tui.records.steps import ReleaseStep
from tests.docs.pages import ROOT, Command
from tests.tools import binaries
from tests.ui.terminal import terminal

SPEED = "50"
PRESET = "besu-two-clusters"
#: simulated cluster -> the names that pages have for it
CONTEXTS = {
    "bevel-east": ["east", "gke_project_europe-west1_east", "carrier-cluster"],
    "bevel-west": ["west", "gke_project_us-east1_west"],
    "alone": ["kind-kind", "minikube", "default", "do-fra1-east"],
}
#: pages where network.yaml is Bevel's; elsewhere it is a preset
BEVELS = {"README.md", "network-yaml.md"}
#: what a page calls something whose name only the reader knows
WORDS = {"FILE": "my-network.yaml", "NAME": "east", "CONTEXT": "east", "NAMESPACE": "supplychain-bes"}


@dataclass
class Stage:
    """A folder with a home in it; the sandbox's kubeconfig; what was printed last."""

    home: Path
    kubeconfig: Path
    printed: str = ""

    @property
    def environ(self) -> dict[str, str]:
        places = {f"XDG_{kind}_HOME": str(self.home / f".{kind.lower()}") for kind in ("CONFIG", "STATE", "CACHE")}
        path = [str(Path(sys.executable).parent), *tools(), os.environ["PATH"]]
        return {
            **places,
            "HOME": str(self.home),
            "KUBECONFIG": str(self.kubeconfig),
            "KUBECACHEDIR": str(self.home / ".cache" / "kube"),  # a reader's kubectl and helm: theirs, not ours
            "PATH": os.pathsep.join(path),
            "PYTHONPATH": str(ROOT),
            "GITHUB_STEP_SUMMARY": str(self.home / "summary.md"),
            "KUBECONFIG_TEXT": "",
            "TERM": "xterm-256color",
        }

    # ------------------------------------------------------------ files

    def lay(self, page: Path) -> None:
        """The files that the page's commands read, as they would be; nothing that they write."""
        for made in ("my-network.yaml", "network.yaml", "deploy", "use", "connection"):
            self.forget(made)
        preset = (ROOT / "presets" / f"{PRESET}.yaml").read_text()
        (self.home / "my-network.yaml").write_text(preset)
        bevels = (self.home / "bevels.yaml").read_text()
        (self.home / "network.yaml").write_text(bevels if page.name in BEVELS else preset)
        shutil.copy(self.runs()[-1] / "events.jsonl", self.home / "events.jsonl")

    def runs(self) -> list[Path]:
        """The folders of the runs of this home, in their order."""
        return sorted((self.home / ".state" / "bevel-tui" / "runs").iterdir())

    def forget(self, name: str) -> None:
        """Remove a file or folder, as whoever follows a page for the first time has none."""
        path = self.home / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    # ------------------------------------------------------------ commands

    def words(self, command: Command) -> str:
        """The command with what only its reader knows."""
        text = command.text.replace("PATH", str(self.kubeconfig))
        text = re.sub(r"\b(FILE|NAME|CONTEXT|NAMESPACE)\b", lambda word: WORDS[word[0]], text)
        run = self.runs()[-1].name
        text = re.sub(r"report RUN\b", f"report {run}", text).replace("20261127T05", run[:-2])
        if "sha256:..." in text:  # what the sender tells
            text = text.replace("sha256:...", api.open_bundle(self.home / "bundle.yaml").digest)
        return text

    def run(self, command: Command, monkeypatch: pytest.MonkeyPatch, capture: Callable[[], str]) -> int:
        """Type it; its exit code. What it says is kept in `printed` (not that of screens)."""
        text = self.words(command)
        words = shlex.split(text)
        self._make_room(words)
        if words[0] != "bevel-tui" or re.search(r"[>|&;]", re.sub(r"'[^']*'", "", text)):
            return self._shell(text)
        arguments = words[1:]
        if not arguments or arguments[0] in {"setup", "dashboard"}:
            return self._screen(arguments)
        if arguments[:2] == ["sandbox", "up"]:
            return self._until_interrupted(arguments, "kubeconfig")
        if "--watch" in arguments:
            return self._until_interrupted(arguments, "Checks: ")
        deploys = arguments[0].startswith("-")
        if (deploys or arguments[0] == "destroy") and not {"--yes", "--sandbox"} & set(arguments):
            return self._answered(arguments)
        return self._here(arguments, monkeypatch, capture)

    def _make_room(self, words: list[str]) -> None:
        """What a command writes is not there when it is typed for the first time."""
        for flag, value in itertools.pairwise(words):
            if flag in {"-o", "--output", "--file", ">"} and value not in {"use"} and (self.home / value).exists():
                self.forget(value)

    def _here(self, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capture: Callable[[], str]) -> int:
        for name, value in self.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(self.home)
        if arguments[0] == "export":
            monkeypatch.setattr(api, "private_charts", stand_ins)  # Bevel's own are not on every machine
        try:
            main(None, arguments)
        except SystemExit as end:
            self.printed = capture()
            return int(end.code or 0)
        return 0

    def _shell(self, text: str) -> int:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.home,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        self.printed = done.stdout + done.stderr
        return done.returncode

    def _answered(self, arguments: list[str]) -> int:
        """On a terminal of 80x24, with a yes to the one question."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        process = subprocess.Popen(
            [sys.executable, "-m", "bevel_tui", *arguments],
            cwd=self.home,
            env=self.environ,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        os.write(master, b"y\n")
        said = b""
        try:
            while block := os.read(master, 65536):
                said += block
        except OSError:  # the other end is closed: the program has ended
            pass
        os.close(master)
        self.printed = said.decode(errors="replace")
        return process.wait()

    def _until_interrupted(self, arguments: list[str], words: str) -> int:
        """Ctrl-C once it has said what it goes on with."""
        process = subprocess.Popen(
            [sys.executable, "-m", "bevel_tui", *arguments],
            cwd=self.home,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        self.printed = ""
        for line in process.stdout:
            self.printed += line
            if words in line:
                process.send_signal(signal.SIGINT)
                break
        self.printed += process.stdout.read()
        return process.wait()

    def _screen(self, arguments: list[str]) -> int:
        """Look at the first screen and leave it."""
        plain = "--plain" in arguments
        with terminal(self.home, *arguments, environ=self.environ) as screen:
            screen.wait("New network" if plain else "bevel-tui")
            screen.keys("C-c" if plain else "C-q")
            left = screen.wait("left with")
        code = re.search(r"left with (\d+)", left)
        assert code is not None
        return int(code[1])


async def stand_ins(network: Network, options: object) -> dict[str, Mapping[str, bytes]]:
    """For `api.private_charts`: the charts that simulated clusters get."""
    plan = build(network)
    charts = ReleaseCharts(manifests=manifests, simulated={cluster.name: True for cluster in network.clusters})
    return {step.id: await charts.tree(step) for step in plan.steps if isinstance(step, ReleaseStep)}


def tools() -> list[str]:
    """Folders of kubectl and helm, where the tests have them."""
    try:
        return [str(binaries.kubectl().parent), str(binaries.helm("4").parent)]
    except binaries.BinaryMissingError:
        return []


@contextmanager
def clusters(folder: Path) -> Iterator[Path]:
    """The simulated clusters; a kubeconfig with all their names."""
    program = [sys.executable, "-m", "bevel_tui.sandbox", f"--contexts={','.join(CONTEXTS)}", f"--speed={SPEED}"]
    domains = [f"--domain={side}.example.test" for side in ("east", "west")]
    process = subprocess.Popen(
        [*program, *domains, "--follow-parent", "--state", str(folder / "sandbox")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        document = yaml.safe_load(Path(process.stdout.readline().strip()).read_text())
        named = {context["name"]: context["context"] for context in document["contexts"]}
        for name, others in CONTEXTS.items():
            document["contexts"] += [{"name": other, "context": named[name]} for other in others]
        path = folder / "kubeconfig"
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(document))
        yield path
    finally:
        process.terminate()
        process.communicate()
