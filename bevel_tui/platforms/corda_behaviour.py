"""What the pods of Bevel's open-source Corda charts do (v1.3.0; facts A5).

`seconds` are nominal: long enough for the order of things to be seen, short enough for a rehearsal.
"""

from __future__ import annotations

from bevel_tui.network.corda import P2P_ROUTE
from bevel_tui.platforms import p2p_route
from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Serves
from bevel_tui.platforms.corda_charts import DOORMAN_TLS, NMS_TLS
from bevel_tui.platforms.shared_behaviour import VAULT_MGMT

INIT_VERSION, SERVICE_VERSION, NODE_VERSION = "1.0.0", "1.0.0", "1.0.2"

#: corda-certs-gen, alias tls; its Job is called by tls.nameOverride, which we set to ``<release>-tls`` (C10)
TLS = (
    Behaviour(
        kind="Job",
        workload=r"(?P<release>.+)-tls",
        container=r"init-check-certificates",
        seconds=0.2,
        init=True,
        source="corda-certs-gen/templates/job.yaml",
    ),
    Behaviour(
        kind="Job",
        workload=r"(?P<release>.+)-tls",
        container=r"generate-certs",
        player="corda-tls-certs",
        seconds=0.8,
        source="corda-certs-gen/templates/job.yaml",
    ),
    Behaviour(
        kind="Job",
        workload=r"(?P<release>.+)-tls-cleanup",
        container=r"delete-certs",
        player="corda-cleanup",
        seconds=0.3,
        source="corda-certs-gen/templates/job-cleanup.yaml",
    ),
)


def hooks(chart: str, player: str, container: str = "corda-certgen") -> tuple[Behaviour, ...]:
    """The two hooks of a chart: keys before its installation, clean-up before its removal."""
    name = rf"{chart}-(?P<release>.+)"
    return (
        Behaviour(
            kind="Job",
            workload=rf"{name}-pre-install-hook",
            container=container,
            player=player,
            seconds=1.2,
            source=f"{chart}/templates/hooks-pre-install.yaml",
        ),
        Behaviour(
            kind="Job",
            workload=rf"{name}-pre-delete-hook",
            container=rf"{chart}-.+-cleanup",
            player="corda-cleanup",
            seconds=0.3,
            source=f"{chart}/templates/hooks-pre-delete.yaml",
        ),
    )


def _init(container: str, player: str | None, seconds: float) -> Behaviour:
    return Behaviour(
        kind="StatefulSet",
        workload=r"corda-node-(?P<release>.+)",
        container=container,
        player=player,
        seconds=seconds,
        init=True,
        source="corda-node/templates/statefulset-node.yaml",
    )


BEHAVIOURS: dict[str, ChartBehaviour] = {
    "corda-init": ChartBehaviour(name="corda-init", version=INIT_VERSION, pods=VAULT_MGMT),
    "corda-network-service": ChartBehaviour(
        name="corda-network-service",
        version=SERVICE_VERSION,
        pods=(
            *hooks("corda-network-service", "corda-network-keys"),
            Behaviour(
                kind="StatefulSet",
                workload=r"corda-network-service-(?P<release>.+)-db",
                container=r"mongodb",
                seconds=0.8,
                serves=(Serves(27017, "tcp"),),
                source="corda-network-service/templates/statefulset-mongodb.yaml",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"corda-network-service-(?P<release>.+)-doorman",
                container=r"doorman",
                seconds=1.2,
                serves=(Serves(8080, "doorman", tls=(DOORMAN_TLS, "tls.crt", "tls.key")),),
                source="corda-network-service/templates/statefulset-doorman.yaml",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"corda-network-service-(?P<release>.+)-nms",
                container=r"nms",
                seconds=1.2,
                serves=(Serves(8080, "network-map", tls=(NMS_TLS, "tls.crt", "tls.key")),),
                source="corda-network-service/templates/statefulset-nms.yaml",
            ),
            *TLS,
        ),
    ),
    "corda-node": ChartBehaviour(
        name="corda-node",
        version=NODE_VERSION,
        pods=(
            *hooks("corda-node", "corda-node-keys"),
            Behaviour(
                kind="StatefulSet",
                workload=r"corda-node-(?P<release>.+)-db",
                container=r"database",
                seconds=0.5,
                serves=(Serves(1521, "tcp"), Serves(81, "http")),
                source="corda-node/templates/statefulset-db.yaml",
            ),
            _init("db-healthcheck", "corda-db-healthcheck", 0.1),
            _init("init-nodeconf", "vault-login", 0.2),
            _init("init-registration", "corda-registration", 0.8),
            _init("init-cordapps", None, 0.1),
            Behaviour(
                kind="StatefulSet",
                workload=r"corda-node-(?P<release>.+)",
                container=r"node",
                player="corda-node",
                seconds=1.2,
                serves=(Serves(10002, "tcp"), Serves(10003, "tcp"), Serves(10005, "tcp")),
                source="corda-node/templates/statefulset-node.yaml",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"corda-node-(?P<release>.+)",
                container=r"corda-logs",
                player="corda-logs",
                seconds=1.2,
                source="corda-node/templates/statefulset-node.yaml",
            ),
            *TLS,
        ),
    ),
    P2P_ROUTE: p2p_route.BEHAVIOUR,
}
