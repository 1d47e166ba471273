"""What the pods of Bevel's Corda Enterprise charts do (v1.3.0, chart versions 1.0.0; facts A6)."""

from __future__ import annotations

from bevel_tui.network.corda import P2P_ROUTE
from bevel_tui.platforms import p2p_route
from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Serves
from bevel_tui.platforms.corda_behaviour import TLS
from bevel_tui.platforms.shared_behaviour import VAULT_MGMT

VERSION = "1.0.0"


def _server(part: str, seconds: float, *serves: Serves, player: str | None = None) -> Behaviour:
    return Behaviour(
        kind="StatefulSet",
        workload=rf"{part}-(?P<release>cenm|networkmap)",
        container=part.removeprefix("cenm-"),
        player=player,
        seconds=seconds,
        serves=serves,
        source=f"{part if part.startswith('cenm-') else f'cenm-{part}'}/templates/statefulset.yaml",
    )


def _init(part: str, container: str, player: str) -> Behaviour:
    return Behaviour(
        kind="StatefulSet",
        workload=rf"{part}-(?P<release>cenm)",
        container=container,
        player=player,
        seconds=0.2,
        init=True,
        source=f"cenm-{part}/templates/statefulset.yaml",
    )


def _setup(container: str, player: str, seconds: float, *, init: bool = False) -> Behaviour:
    return Behaviour(
        kind="Job",
        workload=r"gateway-(?P<release>cenm)-job",
        container=container,
        player=player,
        seconds=seconds,
        init=init,
        source="cenm-gateway/templates/job.yaml",
    )


def _node(container: str, player: str | None, seconds: float, *serves: Serves, init: bool = False) -> Behaviour:
    return Behaviour(
        kind="StatefulSet",
        workload=r"enterprise-node-(?P<release>.+)",
        container=container,
        player=player,
        seconds=seconds,
        serves=serves,
        init=init,
        source="enterprise-node/templates/statefulset.yaml",
    )


BEHAVIOURS: dict[str, ChartBehaviour] = {
    "enterprise-init": ChartBehaviour(name="enterprise-init", version=VERSION, pods=VAULT_MGMT),
    "cenm": ChartBehaviour(
        name="cenm",
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"(?P<release>cenm)-pre-install-hook",
                container=r"cenm-pki",
                player="cenm-pki",
                seconds=1.5,
                source="cenm/templates/hooks-pre-install.yaml",
            ),
            Behaviour(
                kind="Job",
                workload=r"(?P<release>cenm)-pre-delete-hook",
                container=r"cenm-cleanup",
                player="corda-cleanup",
                seconds=0.3,
                source="cenm/templates/hooks-pre-delete.yaml",
            ),
            _server("auth", 1.0, Serves(8081, "http")),
            _init("gateway", "init-check-auth", "wait-for-port"),
            _server("gateway", 0.8, Serves(8080, "http")),
            _setup("init-check-gateway", "wait-for-port", 0.1, init=True),
            _setup("init-check-auth", "wait-for-port", 0.1, init=True),
            _setup("main", "cenm-users", 0.5),
            _server("zone", 0.8, Serves(25000, "tcp"), Serves(12345, "tcp")),
            _init("signer", "init-token", "cenm-login"),
            _server("signer", 0.8, Serves(6000, "tcp")),
            _init("idman", "init-token", "cenm-login"),
            _server("idman", 0.8, Serves(10000, "doorman"), *(Serves(port, "tcp") for port in (5052, 5053, 6000))),
            Behaviour(
                kind="StatefulSet",
                workload=r"(auth|gateway|zone|signer|idman)-(?P<release>cenm)",
                container=r"logs|logs-zone",
                seconds=0.2,
                source="cenm-*/templates/statefulset.yaml",
            ),
            *TLS,
        ),
    ),
    "cenm-networkmap": ChartBehaviour(
        name="cenm-networkmap",
        version=VERSION,
        pods=(
            Behaviour(
                kind="StatefulSet",
                workload=r"cenm-networkmap-(?P<release>networkmap)",
                container=r"init-networkmap",
                player="cenm-subzone",
                seconds=0.5,
                source="cenm-networkmap/templates/statefulset.yaml",
            ),
            _server(
                "cenm-networkmap",
                1.2,
                Serves(10000, "network-map"),
                *(Serves(port, "tcp") for port in (5050, 6000)),
                player="cenm-networkmap",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"cenm-networkmap-(?P<release>networkmap)",
                container=r"logs",
                seconds=0.2,
                source="cenm-networkmap/templates/statefulset.yaml",
            ),
        ),
    ),
    "enterprise-node": ChartBehaviour(
        name="enterprise-node",
        version=VERSION,
        pods=(
            _node("init-certs", "vault-login", 0.1, init=True),
            _node("init-registration", "enterprise-registration", 0.8, init=True),
            _node("store-certs", "enterprise-store", 0.2, init=True),
            _node("init-cordapps", None, 0.1, init=True),
            _node("node", "enterprise-node", 1.2, *(Serves(port, "tcp") for port in (10002, 10003, 2222))),
            _node("logs", None, 0.2),
            *TLS,
        ),
    ),
    P2P_ROUTE: p2p_route.BEHAVIOUR,
}
