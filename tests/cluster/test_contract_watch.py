"""Contract: watches, streaming lists, bookmarks, versions that are gone. Answers in ``answers/``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

MAPS = "/api/v1/namespaces/{ns}/secrets"


def secret(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}}


async def take(events: AsyncIterator[dict[str, Any]], number: int) -> list[str]:
    """The first changes, as ``TYPE name``; bookmarks aside."""
    found: list[str] = []
    async with asyncio.timeout(60):
        async for event in events:
            if event["type"] != "BOOKMARK":
                meta = event["object"].get("metadata", {})
                found.append(f"{event['type']} {meta.get('name')}")
            if len(found) == number:
                break
    return found


async def version(ask: Any) -> str:
    _, listed = await ask.raw("GET", MAPS)
    return str(listed["metadata"]["resourceVersion"])


async def test_a_watch_goes_on_from_a_version(ask: Any) -> None:
    await ask.raw("POST", MAPS, secret("before"))
    since = await version(ask)
    await ask.raw("POST", MAPS, secret("a"))
    await ask.raw("PATCH", f"{MAPS}/a", {"data": {"x": "eA=="}}, patch="merge")
    await ask.raw("PATCH", f"{MAPS}/a", {"data": {"x": "eA=="}}, patch="merge")  # changes nothing
    await ask.raw("DELETE", f"{MAPS}/a")
    ask.note("from a version", await take(ask.watch(MAPS, resourceVersion=since), 3))
    ask.note("from the start", await take(ask.watch(MAPS), 1))
    ask.note("from zero", await take(ask.watch(MAPS, resourceVersion="0"), 1))


async def test_a_selector_makes_comings_and_goings(ask: Any) -> None:
    since = await version(ask)
    await ask.raw("POST", MAPS, secret("a"))
    await ask.raw("PATCH", f"{MAPS}/a", {"metadata": {"labels": {"in": "yes"}}}, patch="merge")
    await ask.raw("PATCH", f"{MAPS}/a", {"metadata": {"labels": {"x": "y"}}}, patch="merge")
    await ask.raw("PATCH", f"{MAPS}/a", {"metadata": {"labels": {"in": "no"}}}, patch="merge")
    await ask.raw("DELETE", f"{MAPS}/a")
    await ask.raw("POST", MAPS, secret("b", **{"in": "yes"}))
    ask.note("by label", await take(ask.watch(MAPS, resourceVersion=since, labelSelector="in=yes"), 4))
    ask.note("by name", await take(ask.watch(MAPS, resourceVersion=since, fieldSelector="metadata.name=b"), 1))
    await ask("GET", MAPS, watch="true", labelSelector="=x")


async def test_a_streaming_list_ends_with_its_bookmark(ask: Any) -> None:
    for name in ("a", "b"):
        await ask.raw("POST", MAPS, secret(name))
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    async with asyncio.timeout(60):
        async for event in ask.watch(MAPS, **query):
            meta = event["object"]["metadata"]
            ask.note("event", [event["type"], event["object"]["kind"], meta.get("name"), meta.get("annotations")])
            if event["type"] == "BOOKMARK":
                current = await version(ask)
                ask.note("the bookmark's version", int(meta["resourceVersion"]) <= int(current))
                break
    await ask("GET", MAPS, watch="true", sendInitialEvents="true")
    await ask("GET", MAPS, sendInitialEvents="true", resourceVersionMatch="NotOlderThan")


async def test_a_watch_that_may_idles_with_bookmarks(ask: Any, request: pytest.FixtureRequest) -> None:
    since = await version(ask)
    seen = [e async for e in ask.watch(MAPS, resourceVersion=since, allowWatchBookmarks="true", timeoutSeconds="6")]
    if not seen and request.node.callspec.params.get("server") == "real":
        # "Clients should not assume bookmarks are returned at any specific interval, nor may they assume the server
        # will send any BOOKMARK event" (Kubernetes API concepts): a server that has nothing newer to say keeps still.
        pytest.skip("the real API server had no bookmark to send in 6 s")
    ask.note("the last event", [seen[-1]["type"], seen[-1]["object"]["kind"], sorted(seen[-1]["object"]["metadata"])])
    ask.note("events", sorted({e["type"] for e in seen}))


async def test_the_server_ends_a_watch_in_time(ask: Any) -> None:
    async with asyncio.timeout(60):
        seen = [e async for e in ask.watch(MAPS, resourceVersion=await version(ask), timeoutSeconds="1")]
    ask.note("without bookmarks", seen)


async def test_versions_that_are_gone(ask: Any) -> None:
    since = await version(ask)
    for name in "abc":
        await ask.raw("POST", MAPS, secret(name))
    _, page = await ask.raw("GET", MAPS, limit="1")
    await ask.raw("POST", MAPS, secret("d"))
    ask.server.forget()
    await ask.until(MAPS, lambda status, _: status == 200)
    await ask.raw("POST", MAPS, secret("e"))
    async for event in ask.watch(MAPS, resourceVersion=since):
        event["object"]["message"] = event["object"].get("message", "").partition(":")[0]  # then it names versions
        ask.note("a watch", event)
        break
    status, answer = await ask.raw("GET", MAPS, resourceVersion=since, resourceVersionMatch="Exact")
    ask.note("a list", [status, answer["reason"], answer["message"].partition(":")[0]])
    status, answer = await ask.raw("GET", MAPS, limit="1", **{"continue": page["metadata"]["continue"]})
    ask.note(
        "the next page",
        [status, answer["reason"], answer["message"].partition(".")[0], "continue" in answer["metadata"]],
    )


async def test_versions_that_make_no_sense(ask: Any) -> None:
    await ask("GET", MAPS, watch="true", resourceVersion="nonsense")
    await ask("GET", MAPS, resourceVersion="nonsense")
    await ask("GET", MAPS, resourceVersionMatch="Exact")


async def test_what_a_deletion_says(ask: Any) -> None:
    _, made = await ask.raw("POST", MAPS, {**secret("a"), "data": {"x": "eA=="}})
    since = made["metadata"]["resourceVersion"]
    await ask.raw("DELETE", f"{MAPS}/a")
    async with asyncio.timeout(60):
        async for event in ask.watch(MAPS, resourceVersion=since):
            ask.note("event", event)
            ask.note("newer than the object", int(event["object"]["metadata"]["resourceVersion"]) > int(since))
            break
