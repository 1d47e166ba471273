"""Labels and names that we leave in clusters, in one place: they are how a later run recognises its own work."""

from __future__ import annotations

from typing import Any

MANAGED_BY = "app.kubernetes.io/managed-by"
PART_OF = "app.kubernetes.io/part-of"
US = "bevel-tui"
#: on everything of a network, releases' records included
NETWORK = "bevel-tui.dev/network"
#: on a release's record: digest of what was installed
DIGEST = "bevel-tui.dev/digest"
#: annotation on a definition that is being deleted: when the API server was last reminded of it
REMINDED = "bevel-tui.dev/reminded"
#: our own namespace in every cluster: inventory and Lease
HOME = "bevel-tui"


def ours(network: str) -> dict[str, str]:
    """Labels of an object that we create for a network."""
    return {MANAGED_BY: US, PART_OF: network, NETWORK: network}


def is_ours(obj: dict[str, Any], network: str | None = None) -> bool:
    """Whether we created an object (for that network, if one is given)."""
    labels = (obj.get("metadata") or {}).get("labels") or {}
    return labels.get(MANAGED_BY) == US and (network is None or labels.get(NETWORK) == network)


def object_name(network: str) -> str:
    """Name of a network's inventory and of its Lease (the name rule keeps it below 63 characters)."""
    return f"bevel-tui-{network}"
