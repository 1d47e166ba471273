"""What the wizard proposes when nobody has said anything: names, domains, gateways, who runs which nodes.

A proposal depends on the other answers and follows them until a person says something else. Taken together the
proposals must be a network that every rule accepts: the tests judge them for each platform and many sizes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

PLATFORM = "besu"

_NAMES: Mapping[str, tuple[str, ...]] = {
    "indy": ("authority", "university", "employer", "agency", "registry"),
    "substrate": ("oem", "tierone", "tiertwo", "tierthree", "retailer"),
}
_OTHERS = ("supplychain", "carrier", "manufacturer", "warehouse", "store", "bank", "auditor", "customs")

#: what the survey calls a provider -> what presets do
PROVIDERS: Mapping[str, str] = {
    "EKS": "aws",
    "AKS": "azure",
    "GKE": "gcp",
    "DOKS": "digitalocean",
    "OpenShift": "openshift",
    "kind": "kind",
    "minikube": "minikube",
    "k3s": "k3s",
    "plain": "other",
}


def organization_name(platform: str, index: int, taken: Iterable[str] = ()) -> str:
    """A name for the organization at a position that nobody else has."""
    known = _NAMES.get(platform, _OTHERS)
    used = set(taken)
    for name in (*known[index:], *known[:index], *_OTHERS, *(f"member{n}" for n in range(index + 1, index + 200))):
        if name not in used:
            return name
    return f"member{index}"


def organization_count(clusters: int) -> int:
    """A consortium has two members at least, and somebody in every cluster."""
    return max(2, clusters)


def cluster_name(context: str, taken: Iterable[str] = ()) -> str:
    """A short name from a context's: the last part of an ARN or of what GKE, kind and the sandbox make."""
    text = context.rpartition("/")[2].lower()
    if text.startswith("gke_"):
        text = text.rpartition("_")[2]
    for prefix in ("kind-", "k3d-", "admin@", "kubernetes-admin@", "bevel-", "sandbox-"):
        text = text.removeprefix(prefix)
    text = re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:40].strip("-") or "cluster"
    used, name, number = set(taken), text, 2
    while name in used:
        name, number = f"{text}-{number}", number + 1
    return name


def domain(name: str, *, simulated: bool, others: Sequence[tuple[str, str]]) -> str | None:
    """A cluster's domain in the manner of one that is known already (`others`: name and domain); None without any."""
    if simulated:
        return f"{name}.example.test"
    for other, known in others:
        first, _, rest = known.partition(".")
        if first == other and "." in rest:
            return f"{name}.{rest}"
    return None


def gateway(platform: str, clusters: int) -> str:
    """One cluster needs none; several the one that the platform's charts hold routes for (facts B)."""
    if clusters < 2:
        return "none"
    return "haproxy" if platform == "fabric" else "ambassador"


def p2p_ports(platform: str, gateway: str) -> str | None:
    """Indy without a gateway is reached through node ports (facts A4.3); else the model's own default."""
    return "30010-30050" if platform == "indy" and gateway == "none" else None


def roles(platform: str, index: int, count: int) -> dict[str, Any]:
    """What the organization at a position runs, of `count`: the smallest network that stands the loss of a node."""
    first = index == 0
    match platform:
        case "besu" | "quorum":
            return {"validators": 4 if first else 0, "members": 1}
        case "fabric":
            return {"orderers": 3 if first else 0, "peers": 1}
        case "indy":
            share = _share(4, index, count)
            return {"trustee": first, "endorser": index == min(1, count - 1), "stewards": share}
        case "substrate":
            return {"validators": _share(4, index, min(count, 2)) if index < 2 else 0, "members": 1}
        case _:  # Corda, open source and Enterprise
            return {"notaries": 1 if first else 0, "nodes": 0 if first and count > 1 else 1}


def _share(total: int, index: int, count: int) -> int:
    """A fair part of `total`, the first ones getting the rest; nobody less than one."""
    return max(1, total // count + (1 if index < total % count else 0))
