"""What the Fabric charts render, reduced: the one source of `expects`, of stand-in charts and of what players read.

Names, hooks and inputs as in hyperledger-fabric/charts of Bevel v1.3.0, flows of Fabric 2.2 and 2.5 (facts A1.3, A1.4).
"""

from __future__ import annotations

from collections.abc import Callable

from bevel_tui.platforms import fabric_chaincode_manifests as chaincode
from bevel_tui.platforms.behaviour import Manifest
from bevel_tui.platforms.fabric_ca_manifests import ca
from bevel_tui.platforms.fabric_channel_manifests import create, join, osnadmin
from bevel_tui.platforms.fabric_genesis_manifests import genesis
from bevel_tui.platforms.fabric_node_manifests import orderer, peer
from bevel_tui.platforms.shared_manifests import placed
from bevel_tui.platforms.sketch import Json
from bevel_tui.platforms.values import Chart
from bevel_tui.records.steps import ReleaseStep

SKETCHES: dict[str, Callable[[Chart], list[Json]]] = {
    "fabric-ca-server": ca,
    "fabric-orderernode": orderer,
    "fabric-peernode": peer,
    "fabric-genesis": genesis,
    "fabric-osnadmin-channel-create": osnadmin,
    "fabric-channel-create": create,
    "fabric-channel-join": join,
    "fabric-operations-console": chaincode.console,
    "fabric-chaincode-install": chaincode.install,
    "fabric-external-chaincode-install": chaincode.install_external,
    "fabric-external-chaincode": chaincode.server,
    "fabric-chaincode-approve": chaincode.approve,
    "fabric-chaincode-commit": chaincode.commit,
    "fabric-chaincode-invoke": chaincode.invoke,
}


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The objects of a Fabric release. Raises KeyError for a chart of another platform."""
    chart = Chart(step)
    return placed(SKETCHES[step.chart](chart), chart)
