"""A running simulated cluster, a plain client for it, and the official command line tools."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bevel_tui.sandbox.apiserver import SimulatedCluster, write_kubeconfig
from bevel_tui.sandbox.apiserver.access import User
from tests.tools import binaries

MERGE = "application/merge-patch+json"


class Client:
    """Requests of one user, answered as ``(status, document)``."""

    def __init__(self, cluster: SimulatedCluster, session: aiohttp.ClientSession, user: User) -> None:
        self.cluster = cluster
        self.session = session
        self.headers = {"Authorization": f"Bearer {user.token}", "User-Agent": "tests/1"}

    async def __call__(
        self, method: str, path: str, body: Any = None, *, media: str | None = None, **query: str
    ) -> tuple[int, Any]:
        headers = dict(self.headers)
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers["Content-Type"] = media or "application/json"
        async with self.session.request(
            method, self.cluster.url + path, data=data, headers=headers, params=query
        ) as response:
            text = await response.read()
            return response.status, json.loads(text) if response.content_type == "application/json" else text.decode()

    async def get(self, path: str, **query: str) -> Any:
        return await self._expect(200, "GET", path, None, **query)

    async def post(self, path: str, body: Any, **query: str) -> Any:
        return await self._expect(201, "POST", path, body, **query)

    async def merge(self, path: str, body: Any, **query: str) -> Any:
        return await self._expect(200, "PATCH", path, body, media=MERGE, **query)

    async def apply(self, path: str, body: Any, manager: str = "one", **query: str) -> tuple[int, Any]:
        query["fieldManager"] = manager
        return await self("PATCH", path, body, media="application/apply-patch+yaml", **query)

    async def delete(self, path: str, body: Any = None, **query: str) -> Any:
        return await self._expect(200, "DELETE", path, body, **query)

    async def _expect(self, wanted: int, method: str, path: str, body: Any, **more: Any) -> Any:
        status, document = await self(method, path, body, **more)
        assert status == wanted, document
        return document

    async def watch(self, path: str, **query: str) -> AsyncIterator[dict[str, Any]]:
        """The events of a watch, until the server ends it."""
        query.setdefault("watch", "true")
        query.setdefault("timeoutSeconds", "5")
        async with self.session.get(self.cluster.url + path, headers=self.headers, params=query) as response:
            if response.status != 200:
                yield {"type": "REFUSED", "object": await response.json()}
                return
            async for line in response.content:
                yield json.loads(line)

    async def gone(self, path: str) -> None:
        """Return when an object does not exist any more."""
        for _ in range(500):
            status, _body = await self("GET", path)
            if status == 404:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{path} is still there")


@pytest.fixture
async def cluster() -> AsyncIterator[SimulatedCluster]:
    async with SimulatedCluster("here") as running:
        yield running


@pytest.fixture
async def client(cluster: SimulatedCluster) -> AsyncIterator[Client]:
    async with _session(cluster) as session:
        yield Client(cluster, session, cluster.admin)


@pytest.fixture
async def as_user(cluster: SimulatedCluster) -> AsyncIterator[Callable[..., Client]]:
    """Makes a client of a further user."""
    async with _session(cluster) as session:
        yield lambda name, *groups: Client(cluster, session, cluster.add_user(name, *groups))


def _session(cluster: SimulatedCluster) -> aiohttp.ClientSession:
    context = ssl.create_default_context(cadata=cluster.authority.pem.decode())
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context, limit=0))


@pytest.fixture
def kubeconfig(cluster: SimulatedCluster, tmp_path: Path) -> Path:
    return write_kubeconfig([cluster], tmp_path / "kubeconfig")


class Ran:
    """What a program left behind."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Run = Callable[..., Awaitable[Ran]]


@pytest.fixture
def tool(kubeconfig: Path, tmp_path: Path) -> Run:
    """Runs ``kubectl``, ``helm`` or ``helm3`` against the cluster; asserts success unless told otherwise."""

    async def run(name: str, *arguments: str, stdin: str | None = None, ok: bool = True) -> Ran:
        try:
            program = {
                "kubectl": binaries.kubectl,
                "helm": binaries.helm,
                "helm3": lambda: binaries.helm("3"),
            }[name]()
        except binaries.BinaryMissingError as missing:
            pytest.skip(str(missing))
        process = await asyncio.create_subprocess_exec(
            str(program),
            *arguments,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(kubeconfig)},
        )
        out, err = await asyncio.wait_for(process.communicate(stdin.encode() if stdin else None), 60)
        ran = Ran(process.returncode or 0, out.decode(), err.decode())
        assert not ok or ran.code == 0, f"{name} {' '.join(arguments)}: {ran.err}{ran.out}"
        return ran

    return run
