"""Runs external-dns where a Deployment says so: the program itself, with exactly its container's arguments and Secret.

What a kubelet gives a pod beside that stands in the environment: how to reach the API server (as the pod's own
ServiceAccount, with the rights that the chart's ClusterRole gives), and where to listen. So do shorter rounds.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from bevel_tui.records.steps import ObjectRef
from tests.cluster.planes import die_with_parent
from tests.reachability.realdns import free_port


class Kubelet:
    """One cluster's. `program` is the built external-dns; `box` a running sandbox."""

    def __init__(self, program: Path, box: Any, context: str, folder: Path) -> None:
        self.program, self.box, self.context, self.folder = program, box, context, folder
        self.client = box.clients[context]
        self.process: subprocess.Popen[bytes] | None = None
        self.args: tuple[str, ...] = ()
        #: times that a process was ended because its Deployment had gone
        self.ended = 0

    @property
    def log(self) -> str:
        """What the program has written."""
        path = self.folder / f"{self.context}.log"
        return path.read_text() if path.exists() else ""

    async def run(self) -> None:
        """Follow the cluster's Deployments, for ever."""
        try:
            async for change, found in self.client.watch("apps/v1", "Deployment", "external-dns"):
                if change == "ADDED" and self.process is None:
                    await self._start(found)
                elif change == "DELETED":
                    self.stop()
                    self.ended += 1
        finally:
            self.stop()

    async def _start(self, deployment: dict[str, Any]) -> None:
        spec = deployment["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        self.args = tuple(container["args"])
        env = {one["name"]: await self._value(one, "external-dns") for one in container.get("env") or ()}
        self.process = self.start(self.args, env, spec["serviceAccountName"])

    async def _value(self, variable: dict[str, Any], namespace: str) -> str:
        if "value" in variable:
            return str(variable["value"])
        ref = variable["valueFrom"]["secretKeyRef"]
        secret = await self.client.get(ObjectRef("v1", "Secret", ref["name"], namespace))
        return base64.b64decode(secret["data"][ref["key"]]).decode()

    def start(self, args: tuple[str, ...], env: dict[str, str], account: str) -> subprocess.Popen[bytes]:
        """The program, as a ServiceAccount of namespace external-dns."""
        environment = {
            **env,
            "EXTERNAL_DNS_KUBECONFIG": str(self._kubeconfig(account)),
            "EXTERNAL_DNS_METRICS_ADDRESS": f"127.0.0.1:{free_port()}",
            "EXTERNAL_DNS_MIN_EVENT_SYNC_INTERVAL": "1s",
            **({} if any(arg.startswith("--interval") for arg in args) else {"EXTERNAL_DNS_INTERVAL": "1s"}),
        }
        with (self.folder / f"{self.context}.log").open("ab") as log:
            return subprocess.Popen(
                [str(self.program), *args],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, its function found beforehand
                env={"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), **environment},
            )

    def _kubeconfig(self, account: str) -> Path:
        """A kubeconfig of that account."""
        server = self.box.servers[self.context]
        user = server.add_user(
            f"system:serviceaccount:external-dns:{account}",
            "system:serviceaccounts",
            "system:serviceaccounts:external-dns",
        )
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "pod",
            "contexts": [{"name": "pod", "context": {"cluster": "pod", "user": "pod"}}],
            "users": [{"name": "pod", "user": {"token": user.token}}],
            "clusters": [
                {
                    "name": "pod",
                    "cluster": {
                        "server": server.url,
                        "certificate-authority-data": base64.b64encode(server.authority.pem).decode(),
                    },
                }
            ],
        }
        path = self.folder / f"{self.context}-{account}.kubeconfig"
        path.touch(0o600)
        path.write_text(json.dumps(document))
        return path

    def stop(self) -> None:
        """End the program, as a pod's end does."""
        if self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.asynccontextmanager
async def playing(program: Path, box: Any, folder: Path, *contexts: str) -> Any:
    """A kubelet per cluster, by context."""
    kubelets = {context: Kubelet(program, box, context, folder) for context in contexts}
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.run()) for one in kubelets.values()]
        try:
            yield kubelets
        finally:
            for task in tasks:
                task.cancel()
