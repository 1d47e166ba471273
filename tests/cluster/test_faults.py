"""What only real control planes can do: refuse for want of room, for a webhook, a quota, a range; and start anew.

One cluster for all of it, and the smallest network. What refuses is made by an administrator with
plain requests; bevel-tui runs as a user runs it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.planes import Plane, write_kubeconfig
from tests.cluster.playing import Player
from tests.faults.catalogue import fault

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "faults" / "tiny.yaml"
#: the namespace of its organization
WHERE = "alpha-bes"
#: for one run: what is refused for good is seen to be so before
BUDGET = "40s"
pytestmark = pytest.mark.timeout(400)


class Site:
    """One real cluster with somebody who plays its pods, and the command line."""

    def __init__(self, plane: Plane, folder: Path) -> None:
        self.plane = plane
        self.kubeconfig = str(write_kubeconfig(folder / "kubeconfig", [plane]))

    def start(self, budget: str = BUDGET) -> subprocess.Popen[str]:
        """Begin a deployment."""
        arguments = [
            "--preset",
            str(TINY),
            "--kubeconfig",
            self.kubeconfig,
            "--yes",
            "-o",
            "jsonl",
            "--timeout",
            budget,
        ]
        return subprocess.Popen(
            [sys.executable, "-m", "bevel_tui", *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def heard(self, process: subprocess.Popen[str]) -> list[str]:
        """The types of the next events of a deployment; at least one, unless it has ended."""
        assert process.stdout is not None
        line = process.stdout.readline()
        return [json.loads(line)["type"]] if line else []

    @staticmethod
    def told(process: subprocess.Popen[str]) -> tuple[int, str]:
        """Exit code, and everything that was said about what went wrong."""
        out, err = process.communicate(timeout=320)
        events = [json.loads(line) for line in out.splitlines()]
        told = [e.get("reason") or "" for e in events if e["type"] == "step-finished"]
        findings = [e["finding"] for e in events if e["type"] == "finding-raised"]
        told += [f"{found['code']} {found['cause']} {found['evidence']}" for found in findings]
        return process.returncode, "\n".join([*told, (events[-1].get("error") or "") if events else "", err])

    def deploy(self) -> tuple[int, str]:
        """A whole deployment: as `told`."""
        return self.told(self.start())

    def make(self, path: str, body: dict[str, Any], method: str = "POST") -> None:
        self.plane.request(method, path, body)

    def namespace(self) -> None:
        """The one of the network, before it makes it itself."""
        self.make("/api/v1/namespaces", {"metadata": {"name": WHERE}})

    def gone(self, path: str) -> bool:
        """Whether there is nothing there."""
        try:
            self.plane.request("GET", path)
        except urllib.error.HTTPError as error:
            return error.code == 404
        return False


@pytest.fixture(scope="module")
def site(
    start_planes: Callable[..., list[Plane]], play: Callable[..., Player], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    planes = start_planes("bevel-east")
    play(planes, speed=20.0)
    yield Site(planes[0], tmp_path_factory.mktemp("site"))


def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    """Wait for it. Raises AssertionError when it does not come."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError):
            if condition():
                return
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def refused(request: Callable[[], None], status: int = 500) -> None:
    """Wait until the API server refuses a request with this HTTP status or a higher one (5xx: an error of its own, or of
    what it asks): admission learns of what it must know through watches."""

    def is_refused() -> bool:
        try:
            request()
        except urllib.error.HTTPError as error:
            return error.code >= status
        return False

    until(is_refused)


@fault("namespace stuck Terminating", "on a real API server as well: it is named")
@fault(
    "full etcd",
    "a real store with its alarm for want of space: the refusal is quoted; once there is room the next start goes on",
)
@fault(
    "webhook down",
    "a real API server's refusal is quoted with the webhook's name; once it is gone the next start goes on",
)
@fault("ResourceQuota", "on a real API server as well: the quota is named, and once it is gone the next start goes on")
@fault("LimitRange", "on a real API server as well: the range is named, and once it is gone the next start goes on")
@fault("API server restart", "a real one, while a release is installed: the run waits for it, and finishes")
def test_what_a_real_server_refuses_is_told_and_the_next_start_goes_on(site: Site) -> None:
    """One network meets all of it, one after the other, and stands in the end."""
    for refusal in (_stuck, _full, _quoted, _hooked, _ranged):
        with refusal(site) as words:
            code, told = site.deploy()
            assert code in {1, 3, 4}, (refusal.__name__, code, told)
            assert all(word in told for word in words), (refusal.__name__, words, told)
    running = site.start("300s")
    until(lambda: any(kind in {"release-applied", "step-waiting"} for kind in site.heard(running)))
    site.plane.stop("kube-apiserver")
    site.plane.spawn_apiserver()
    site.plane.wait_ready()
    code, told = site.told(running)
    assert code == 0, told


Refusal = Iterator[tuple[str, ...]]


@contextlib.contextmanager
def _stuck(site: Site) -> Refusal:
    """A namespace that cannot end, because something in it waits for somebody who is gone."""
    held = {"metadata": {"name": "stuck", "finalizers": ["example.test/never"]}}
    site.namespace()
    site.make(f"/api/v1/namespaces/{WHERE}/configmaps", held)
    site.plane.request("DELETE", f"/api/v1/namespaces/{WHERE}")
    # its controller says what holds it when it has tried to end it
    until(lambda: "example.test/never" in json.dumps(site.plane.request("GET", f"/api/v1/namespaces/{WHERE}")))
    yield (f"Namespace {WHERE} is being deleted", "example.test/never")
    site.make(f"/api/v1/namespaces/{WHERE}/configmaps/stuck", {"metadata": {"name": "stuck"}}, "PUT")
    until(lambda: site.gone(f"/api/v1/namespaces/{WHERE}"))


@contextlib.contextmanager
def _full(site: Site) -> Refusal:
    """The alarm is what a store over its quota raises (etcd, "Space quota"): from then on it takes no write."""
    alarm(site.plane, "ACTIVATE")
    refused(site.namespace)
    yield ("database space exceeded",)
    alarm(site.plane, "DEACTIVATE")


@contextlib.contextmanager
def _hooked(site: Site) -> Refusal:
    """Nobody is where a webhook should be, and what it shall judge fails without it."""
    rule = {"apiGroups": ["apps"], "apiVersions": ["*"], "operations": ["*"], "resources": ["statefulsets"]}
    hook = {
        "name": "policy.example.test",
        "clientConfig": {"url": "https://127.0.0.1:1/validate"},
        "rules": [rule],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": WHERE}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
    }
    path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    site.make(path, {"metadata": {"name": "policy"}, "webhooks": [hook]})
    with contextlib.suppress(urllib.error.HTTPError):
        site.namespace()
    # the API server learns of a webhook a moment after it was made
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "serviceName": "probe", "template": pod}
    probe = {"metadata": {"name": "probe"}, "spec": spec}
    refused(lambda: site.make(f"/apis/apps/v1/namespaces/{WHERE}/statefulsets?dryRun=All", probe))
    yield ("policy.example.test",)
    site.plane.request("DELETE", f"{path}/policy")


@contextlib.contextmanager
def _quoted(site: Site) -> Refusal:
    path = f"/api/v1/namespaces/{WHERE}/resourcequotas"
    with contextlib.suppress(urllib.error.HTTPError):
        site.namespace()
    site.make(path, {"metadata": {"name": "tight"}, "spec": {"hard": {"pods": "0"}}})
    until(lambda: site.plane.request("GET", f"{path}/tight")["status"].get("hard"))
    yield ("tight", "QUOTA")
    site.plane.request("DELETE", f"{path}/tight")


@contextlib.contextmanager
def _ranged(site: Site) -> Refusal:
    """Of pods: a least that is asked of containers is what those get that ask for nothing."""
    path = f"/api/v1/namespaces/{WHERE}/limitranges"
    limits = {"limits": [{"type": "Pod", "min": {"memory": "64Gi"}}]}
    site.make(path, {"metadata": {"name": "small"}, "spec": limits})
    probe = {"metadata": {"name": "probe"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    refused(lambda: site.make(f"/api/v1/namespaces/{WHERE}/pods?dryRun=All", probe), 403)
    yield ("LIMIT", f"a LimitRange of namespace {WHERE}")
    site.plane.request("DELETE", f"{path}/small")


def alarm(plane: Plane, action: str) -> None:
    """Raise or end a store's alarm for want of space."""
    body = json.dumps({"action": action, "alarm": "NOSPACE", "memberID": 0}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{plane.etcd}/v3/maintenance/alarm", data=body, timeout=10):
        pass
