"""What this version can deploy. Whoever adds a platform or a flow removes its line here."""

from __future__ import annotations

from collections.abc import Iterator

from bevel_tui.network.model import Network
from bevel_tui.network.problem import Problem, error

#: platforms that a preset may name but that this version cannot deploy yet
PLATFORMS_TO_COME: frozenset[str] = frozenset({"corda", "corda-enterprise"})


def platform(network: Network) -> Iterator[Problem]:
    """The platform is one that this version deploys."""
    if network.platform.type in PLATFORMS_TO_COME:
        yield error(
            "platform-unsupported",
            ("platform", "type"),
            f"{network.platform.type} is not supported yet by this version of bevel-tui",
        )


RULES = (platform,)
