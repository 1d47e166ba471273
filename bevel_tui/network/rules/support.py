"""What this version can deploy. Whoever adds a platform or a flow removes its line here."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network.model import Fabric, Network
from bevel_tui.network.problem import Problem, error

#: platforms that a preset may name but that this version cannot deploy yet
PLATFORMS_TO_COME: frozenset[str] = frozenset({"corda", "corda-enterprise"})
#: Fabric versions whose flow is not built yet: 2.2 makes a system channel first (facts A1.1)
FABRIC_TO_COME: frozenset[str] = frozenset({"2.2.2"})


def platform(network: Network) -> Iterator[Problem]:
    """The platform is one that this version deploys."""
    if network.platform.type in PLATFORMS_TO_COME:
        yield error(
            "platform-unsupported",
            ("platform", "type"),
            f"{network.platform.type} is not supported yet by this version of bevel-tui",
        )


def fabric_version(network: Network) -> Iterator[Problem]:
    """The Fabric version is one whose flow is built."""
    if isinstance(network.platform, Fabric) and network.platform.version in FABRIC_TO_COME:
        yield error(
            "version-unsupported",
            ("platform", "version"),
            f"Fabric {network.platform.version} is not supported yet by this version of bevel-tui; use 2.5.4",
        )


RULES = (platform, fabric_version)
