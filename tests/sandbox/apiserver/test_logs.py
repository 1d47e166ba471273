"""Container logs: written by simulated kubelets, read as from real ones."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytestmark = pytest.mark.sandbox

PODS = "/api/v1/namespaces/default/pods"
LOG = f"{PODS}/p/log"
OWN = "/bevel-tui/logs/default/p"


@pytest.fixture
async def running(client: Any) -> Any:
    spec = {"nodeName": "n", "containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "x"}]}
    await client.post(PODS, {"metadata": {"name": "p"}, "spec": spec})
    statuses = [
        {"name": n, "ready": True, "restartCount": 0, "image": "x", "imageID": "", "state": {"running": {}}}
        for n in "ab"
    ]
    await client.merge(f"{PODS}/p/status", {"status": {"phase": "Running", "containerStatuses": statuses}})
    return client


async def write(client: Any, text: str, method: str = "POST", container: str = "a", **query: str) -> int:
    status, _ = await client(method, f"{OWN}/{container}", text.encode(), media="text/plain", **query)
    return int(status)


async def test_lines_come_back(running: Any) -> None:
    assert await write(running, "one\ntwo\n") == 204
    assert await write(running, "three") == 204
    assert await running("GET", LOG, container="a") == (200, "one\ntwo\nthree\n")
    assert await running("GET", LOG, container="a", tailLines="1") == (200, "three\n")
    assert await running("GET", LOG, container="a", limitBytes="5") == (200, "one\nt")
    assert await running("GET", LOG, container="b") == (200, "")
    _, stamped = await running("GET", LOG, container="a", timestamps="true", tailLines="1")
    assert stamped[:2] == "20" and stamped.endswith("Z three\n")


async def test_a_restart_begins_a_new_log(running: Any) -> None:
    status, answer = await running("GET", LOG, container="a", previous="true")
    assert (status, answer["message"]) == (400, 'previous terminated container "a" in pod "p" not found')
    await write(running, "before")
    assert await write(running, "after", method="PUT") == 204
    assert await running("GET", LOG, container="a") == (200, "after\n")
    assert await running("GET", LOG, container="a", previous="true") == (200, "before\n")


async def test_what_cannot_be_read(client: Any, running: Any) -> None:
    status, answer = await running("GET", LOG)
    assert (status, answer["message"]) == (400, "a container name must be specified for pod p, choose one of: [a b]")
    status, answer = await running("GET", LOG, container="z")
    assert (status, answer["message"]) == (400, "container z is not valid for pod p")
    assert (await running("GET", f"{PODS}/none/log"))[0] == 404
    spec = {"nodeName": "n", "containers": [{"name": "c", "image": "x"}]}
    await client.post(PODS, {"metadata": {"name": "q"}, "spec": spec})
    waiting = [{"name": "c", "ready": False, "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff"}}}]
    await client.merge(f"{PODS}/q/status", {"status": {"containerStatuses": waiting}})
    status, answer = await client("GET", f"{PODS}/q/log")
    assert (status, answer["message"]) == (400, 'container "c" in pod "q" is waiting to start: ImagePullBackOff')


async def test_following_ends_with_the_container(running: Any) -> None:
    await write(running, "one")

    async def follow() -> str:
        query = {"container": "a", "follow": "true"}
        async with running.session.get(running.cluster.url + LOG, headers=running.headers, params=query) as response:
            first = await response.content.readline()
            await write(running, "two")
            second = await response.content.readline()
            await write(running, "three", end="true")
            return (first + second + await response.read()).decode()

    assert await asyncio.wait_for(follow(), 60) == "one\ntwo\nthree\n"


async def test_logs_go_with_their_pod(running: Any) -> None:
    await write(running, "one")
    await running.delete(f"{PODS}/p", {"gracePeriodSeconds": 0})
    assert running.cluster.logs.get("default", "p", "a") is None
    assert await write(running, "late") == 404


@pytest.mark.parametrize(("sub", "method"), [("exec", "POST"), ("portforward", "GET"), ("exec", "GET")])
async def test_what_needs_containers_is_not_possible(running: Any, sub: str, method: str) -> None:
    status, answer = await running(method, f"{PODS}/p/{sub}")
    assert status == 501 and "simulated" in answer["message"]
