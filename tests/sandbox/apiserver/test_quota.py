"""ResourceQuota and LimitRange refuse as a real server does, and quotas tell what is used."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.sandbox.apiserver.quota import quantity

PODS = "/api/v1/namespaces/default/pods"
QUOTAS = "/api/v1/namespaces/default/resourcequotas"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("500m", "0.5"),
        ("1Gi", str(1024**3)),
        ("2k", "2000"),
        ("1e3", "1000"),
        ("0.5Mi", str(512 * 1024)),
        ("3", "3"),
        (7, "7"),
    ],
)
def test_quantities(text: Any, number: str) -> None:
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "1kk", "--1", "1 Gi", "."])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        quantity(text)


@given(st.integers(0, 10**6), st.sampled_from(["m", "", "k", "Ki", "Gi"]))
def test_quantities_grow_with_their_number(number: int, unit: str) -> None:
    assert quantity(f"{number + 1}{unit}") > quantity(f"{number}{unit}") >= 0


def pod(name: str, **resources: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "x", "resources": resources}]}}


async def until_used(client: Any, wanted: dict[str, str]) -> None:
    async with asyncio.timeout(60):
        while (await client.get(f"{QUOTAS}/q")).get("status", {}).get("used") != wanted:
            await asyncio.sleep(0.01)


@pytest.mark.sandbox
async def test_a_quota_counts_and_refuses(client: Any) -> None:
    await client.post(QUOTAS, {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}})
    await client.post(PODS, pod("a"))
    await until_used(client, {"pods": "1"})
    status, answer = await client("POST", PODS, pod("b"))
    assert (status, answer["message"]) == (
        403,
        'pods "b" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
    )
    await client.merge(f"{PODS}/a/status", {"status": {"phase": "Succeeded"}})
    await until_used(client, {"pods": "0"})
    await client.post(PODS, pod("b"))


@pytest.mark.sandbox
async def test_a_quota_of_memory_wants_every_container_to_say(client: Any) -> None:
    hard = {"requests.memory": "1Gi", "limits.cpu": "1"}
    await client.post(QUOTAS, {"metadata": {"name": "q"}, "spec": {"hard": hard}})
    status, answer = await client("POST", PODS, pod("a", requests={"memory": "512Mi"}))
    assert status == 403
    assert answer["message"].endswith("failed quota: q: must specify limits.cpu for: c")
    await client.post(PODS, pod("a", requests={"memory": "768Mi"}, limits={"cpu": "500m"}))
    status, answer = await client("POST", PODS, pod("b", requests={"memory": "512Mi"}, limits={"cpu": "100m"}))
    assert "exceeded quota: q, requested: requests.memory=" in answer["message"]


@pytest.mark.sandbox
async def test_a_quota_of_storage(client: Any) -> None:
    claims = "/api/v1/namespaces/default/persistentvolumeclaims"
    await client.post(QUOTAS, {"metadata": {"name": "q"}, "spec": {"hard": {"requests.storage": "10Gi"}}})
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}}
    await client.post(claims, {"metadata": {"name": "a"}, "spec": spec})
    status, answer = await client("POST", claims, {"metadata": {"name": "b"}, "spec": spec})
    assert status == 403
    assert (
        "requested: requests.storage=8Gi, used: requests.storage=8Gi, limited: requests.storage=10Gi"
        in answer["message"]
    )


@pytest.mark.sandbox
async def test_limits_are_defaulted_and_bounded(client: Any) -> None:
    limit = {"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "250m"}, "max": {"cpu": "2"}}
    await client.post(
        "/api/v1/namespaces/default/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [limit]}}
    )
    made = await client.post(PODS, pod("a"))
    assert made["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "250m"}}
    status, answer = await client("POST", PODS, pod("b", limits={"cpu": "3"}))
    assert (status, answer["message"]) == (
        403,
        'pods "b" is forbidden: maximum cpu usage per Container is 2, but limit is 3',
    )


@pytest.mark.sandbox
async def test_a_pod_is_bounded_as_a_whole(client: Any) -> None:
    limit = {"type": "Pod", "min": {"cpu": "1"}}
    await client.post(
        "/api/v1/namespaces/default/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [limit]}}
    )
    for requests, said in ((None, "1.  No request is specified"), ({"cpu": "500m"}, "1, but request is 500m")):
        status, answer = await client("POST", PODS, pod("a", **({"requests": requests} if requests else {})))
        assert status == 403
        assert answer["message"].endswith(f"minimum cpu usage per Pod is {said}")
    await client.post(PODS, pod("b", requests={"cpu": "1"}))
