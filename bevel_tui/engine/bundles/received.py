"""What this side has taken in, where every machine of the operator finds it: in the operator's own clusters.

One ConfigMap per network beside the inventory. Later bundles add to earlier ones; of two that hold the same, the one
made later counts. Like ledger data it stays when a network is removed without its data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from bevel_tui.engine.bundles.document import Bundle, Item, refused
from bevel_tui.engine.inventory import ensure_home
from bevel_tui.engine.labels import HOME, object_name, ours
from bevel_tui.engine.ports import Cluster
from bevel_tui.kube.client import ApiError
from bevel_tui.records.steps import ClusterFact, HandoffStep, ObjectRef

#: bytes of all that a network has taken in: a ConfigMap holds 1 MiB
MAX_STORED = 1_000_000


def ref(network: str) -> ObjectRef:
    """Where it is kept."""
    return ObjectRef("v1", "ConfigMap", f"{object_name(network)}-handoff", HOME)


@dataclass(slots=True)
class Received:
    """By handoff, step and cluster: the item (with the time its bundle was made), that it is done, the address.

    `memory`: what the network remembers of itself, where the organizations of this side came to it later.
    """

    items: dict[str, tuple[str, Item]] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, tuple[str, str]] = field(default_factory=dict)
    memory: tuple[str, dict[str, str]] = ("", {})

    def source(self, step: HandoffStep) -> dict[str, Any] | None:
        """The object that a handoff takes from, as far as it crossed; None when no bundle brought it."""
        found = self.items.get(step.id)
        # a preset that changed may give an old id another meaning
        return found[1].as_object() if found is not None and found[1].source.ref == step.source else None

    def when(self, handoff: str) -> str:
        """When the bundle that brought it was made."""
        return self.items[handoff][0]

    def address(self, fact: ClusterFact) -> str | None:
        """An address in a cluster of others, if a bundle told it."""
        found = self.addresses.get(fact.cluster or "")
        return None if found is None else found[1]

    def add(self, bundle: Bundle) -> None:
        """Take a bundle's content in; what is there from a later bundle stays."""
        stamp = bundle.plain()["created"]
        for item in bundle.items:
            if item.handoff not in self.items or self.items[item.handoff][0] <= stamp:
                self.items[item.handoff] = (stamp, item)
        for step in bundle.done:
            self.done[step] = max(stamp, self.done.get(step, ""))
        for cluster, address in bundle.addresses.items():
            if cluster not in self.addresses or self.addresses[cluster][0] <= stamp:
                self.addresses[cluster] = (stamp, address)
        if bundle.memory and self.memory[0] <= stamp:
            self.memory = (stamp, dict(bundle.memory))

    def merge(self, other: Received) -> None:
        """Take in what another cluster holds."""
        for handoff, (stamp, item) in other.items.items():
            if handoff not in self.items or self.items[handoff][0] < stamp:
                self.items[handoff] = (stamp, item)
        for step, stamp in other.done.items():
            self.done[step] = max(stamp, self.done.get(step, ""))
        for cluster, known in other.addresses.items():
            self.addresses[cluster] = max(known, self.addresses.get(cluster, ("", "")))
        self.memory = max(self.memory, other.memory, key=lambda one: one[0])

    def document(self, network: str) -> dict[str, Any]:
        """The ConfigMap. Raises BevelError(HANDOFF_REFUSED) when it would be too big."""
        data = {
            "items.json": _json(
                {k: {"created": stamp, "item": item.model_dump()} for k, (stamp, item) in self.items.items()}
            ),
            "done.json": _json(self.done),
            "addresses.json": _json({k: {"created": stamp, "address": a} for k, (stamp, a) in self.addresses.items()}),
        }
        if self.memory[1]:
            data["memory.json"] = _json({"created": self.memory[0], "memory": self.memory[1]})
        if sum(map(len, data.values())) > MAX_STORED:
            raise refused(f"what was taken in for network {network} would be more than a ConfigMap holds")
        where = ref(network)
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": where.name, "namespace": HOME, "labels": ours(network)},
            "data": data,
        }


def _json(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True)


def understood(obj: Mapping[str, Any] | None) -> Received:
    """From the ConfigMap; what is not there or was spoiled counts as not received."""
    data = (obj or {}).get("data") or {}
    found = Received()
    try:
        for handoff, entry in json.loads(data.get("items.json") or "{}").items():
            item = Item.model_validate(entry["item"])
            if item.handoff == handoff and item.digest == item.sha256:
                found.items[handoff] = (str(entry["created"]), item)
        found.done = {str(step): str(stamp) for step, stamp in json.loads(data.get("done.json") or "{}").items()}
        for cluster, entry in json.loads(data.get("addresses.json") or "{}").items():
            found.addresses[cluster] = (str(entry["created"]), str(entry["address"]))
        if "memory.json" in data:
            entry = json.loads(data["memory.json"])
            found.memory = (str(entry["created"]), {str(key): str(text) for key, text in entry["memory"].items()})
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError):
        return found
    return found


async def read(clients: Iterable[Cluster], network: str) -> Received:
    """All that was taken in, over all clusters. Raises ApiError."""
    found = Received()
    for client in clients:
        found.merge(understood(await client.get(ref(network))))
    return found


async def write(client: Cluster, network: str, bundle: Bundle) -> bool:
    """Add a bundle to what a cluster holds; False when nothing changed. Raises ApiError, BevelError."""
    there = await client.get(ref(network))
    received = understood(there)
    received.add(bundle)
    wanted = received.document(network)
    if there is not None:
        if there.get("data") == wanted["data"]:
            return False
        there["data"] = wanted["data"]
        there["metadata"].pop("managedFields", None)
        await client.replace(there)
        return True
    await ensure_home(client)
    try:
        await client.create(wanted)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
        return await write(client, network, bundle)
    return True


async def forget(client: Cluster, network: str) -> bool:
    """Delete what was taken in; False when there was nothing. Raises ApiError."""
    return await client.delete(ref(network))
