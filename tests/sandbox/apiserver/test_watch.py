"""Watches: what they begin with, how they resume, what selectors make of changes, and when they must start anew."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bevel_tui.sandbox.apiserver import SimulatedCluster

pytestmark = pytest.mark.sandbox

MAPS = "/api/v1/namespaces/default/configmaps"


def config(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}}


async def take(events: AsyncIterator[dict[str, Any]], number: int) -> list[tuple[str, str]]:
    found = []
    async with asyncio.timeout(60):
        async for event in events:
            found.append((event["type"], event["object"]["metadata"].get("name", "")))
            if len(found) == number:
                break
    return found


async def now(client: Any) -> str:
    return str((await client.get(MAPS))["metadata"]["resourceVersion"])


async def test_a_watch_without_a_version_begins_with_what_is_there(client: Any) -> None:
    await client.post(MAPS, config("a"))
    events = client.watch(MAPS)
    assert await take(events, 2) == [("ADDED", "a"), ("ADDED", "kube-root-ca.crt")]
    await client.post(MAPS, config("b"))
    assert await take(events, 1) == [("ADDED", "b")]


async def test_a_watch_resumes_after_its_version(client: Any) -> None:
    version = await now(client)
    await client.post(MAPS, config("a"))
    await client.merge(f"{MAPS}/a", {"data": {"x": "1"}})
    await client.delete(f"{MAPS}/a")
    events = client.watch(MAPS, resourceVersion=version)
    assert await take(events, 3) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]


async def test_only_the_namespace_that_was_asked_for(client: Any) -> None:
    await client.post("/api/v1/namespaces", {"metadata": {"name": "other"}})
    version = await now(client)
    await client.post("/api/v1/namespaces/other/configmaps", config("x"))
    await client.post(MAPS, config("a"))
    assert await take(client.watch(MAPS, resourceVersion=version), 1) == [("ADDED", "a")]
    everywhere = client.watch("/api/v1/configmaps", resourceVersion=version)
    assert ("ADDED", "x") in await take(everywhere, 2)


async def test_a_streaming_list_ends_with_its_bookmark(client: Any) -> None:
    await client.post(MAPS, config("a"))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    seen = []
    async for event in client.watch(MAPS, **query):
        seen.append(event)
        if event["type"] == "BOOKMARK":
            break
    assert [e["type"] for e in seen] == ["ADDED", "ADDED", "BOOKMARK"]
    meta = seen[-1]["object"]["metadata"]
    assert meta["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert meta["resourceVersion"] == await now(client)
    status, answer = await client("GET", MAPS, watch="true", sendInitialEvents="true")
    assert status == 422 and "sendInitialEvents requires setting resourceVersionMatch" in answer["message"]


async def test_bookmarks_carry_idle_watches_forward(cluster: SimulatedCluster, client: Any) -> None:
    cluster.bookmark_interval = 0.05
    version = await now(client)
    events = client.watch(MAPS, resourceVersion=version, allowWatchBookmarks="true")
    await client.post("/api/v1/namespaces", {"metadata": {"name": "elsewhere"}})
    async with asyncio.timeout(60):
        async for event in events:
            assert event["type"] == "BOOKMARK"
            if int(event["object"]["metadata"]["resourceVersion"]) > int(version):
                break


async def test_the_server_ends_a_watch_in_time(client: Any) -> None:
    async with asyncio.timeout(60):
        assert [e async for e in client.watch(MAPS, resourceVersion=await now(client), timeoutSeconds="1")] == []


async def test_selectors_turn_changes_into_comings_and_goings(client: Any) -> None:
    version = await now(client)
    await client.post(MAPS, config("a"))
    await client.merge(f"{MAPS}/a", {"metadata": {"labels": {"in": "yes"}}})
    await client.merge(f"{MAPS}/a", {"data": {"x": "1"}})
    await client.merge(f"{MAPS}/a", {"metadata": {"labels": {"in": "no"}}})
    await client.merge(f"{MAPS}/a", {"data": {"x": "2"}})
    await client.delete(f"{MAPS}/a")
    await client.post(MAPS, config("b", **{"in": "yes"}))
    events = client.watch(MAPS, resourceVersion=version, labelSelector="in=yes")
    assert await take(events, 4) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a"), ("ADDED", "b")]


async def test_a_forgotten_version_is_410() -> None:
    async with SimulatedCluster("small", history=2) as cluster:
        context = ssl.create_default_context(cadata=cluster.authority.pem.decode())
        headers = {"Authorization": f"Bearer {cluster.admin.token}"}
        async with aiohttp.ClientSession(
            cluster.url, connector=aiohttp.TCPConnector(ssl=context), headers=headers
        ) as session:

            async def first(version: int) -> dict[str, Any]:
                query = {"watch": "true", "resourceVersion": str(version), "timeoutSeconds": "1"}
                async with session.get(MAPS, params=query) as response:
                    assert response.status == 200
                    return dict(json.loads(await response.content.readline()))

            start = cluster.store.version
            for name in "abc":
                async with session.post(MAPS, json=config(name)) as response:
                    assert response.status == 201
            event = await first(start)
            assert event["type"] == "ERROR"
            assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
            assert event["object"]["message"].startswith(f"too old resource version: {start} (")
            assert (await first(start + 1))["object"]["metadata"]["name"] == "b"


async def test_a_version_of_the_future_is_refused(client: Any) -> None:
    status, answer = await client("GET", MAPS, watch="true", resourceVersion="999999")
    assert status == 504
    assert answer["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"
    status, answer = await client("GET", MAPS, watch="true", resourceVersion="x")
    assert status == 500


async def test_stopping_the_server_ends_watches(client: Any, cluster: SimulatedCluster) -> None:
    version = await now(client)
    reading = asyncio.create_task(_all(client.watch(MAPS, resourceVersion=version, timeoutSeconds="60")))
    while not cluster.store.collection("configmaps").watchers:
        await asyncio.sleep(0.01)
    async with asyncio.timeout(60):
        await cluster.stop()
        assert await reading == []
    assert not cluster.store.collection("configmaps").watchers


async def _all(events: AsyncIterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event async for event in events]


async def test_a_client_that_leaves_is_forgotten(client: Any, cluster: SimulatedCluster) -> None:
    events = client.watch(MAPS)
    await take(events, 1)
    await events.aclose()
    async with asyncio.timeout(60):
        while cluster.store.collection("configmaps").watchers:
            await client.merge(f"{MAPS}/kube-root-ca.crt", {"data": {"x": str(cluster.store.version)}})
            await asyncio.sleep(0.01)
