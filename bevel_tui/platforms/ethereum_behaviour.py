"""What the pods of Bevel's Besu and GoQuorum charts do (v1.3.0, chart versions 1.1.0; facts A2, A3).

Both platforms' charts are copies of one another; what differs is said by the caller. `seconds` are nominal: long
enough for the order of things to be seen, short enough for a rehearsal.
"""

from __future__ import annotations

from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Serves
from bevel_tui.platforms.shared_behaviour import VAULT_MGMT

VERSION = "1.1.0"


#: The private transaction manager beside a member, alias tessera (facts A2.2). The same in both
#: platforms' charts, and so the same entries: the simulator asks all tables at once.
TESSERA = (
    Behaviour(
        kind="Job",
        workload=r"tessera-(?P<release>.+)-pre-install-hook",
        container=r"tessera-.+-keygen",
        player="tessera-keys",
        seconds=0.8,
        source="(besu|quorum)-tessera-node/templates/hooks-pre-install.yaml",
    ),
    Behaviour(
        kind="Job",
        workload=r"tessera-(?P<release>.+)-pre-delete-hook",
        container=r"tessera-.+-cleanup",
        player="tessera-cleanup",
        seconds=0.3,
        source="(besu|quorum)-tessera-node/templates/hooks-pre-delete.yaml",
    ),
    Behaviour(
        kind="StatefulSet",
        workload=r"tessera-(?P<release>.+)",
        container=r"certificates-init|mysql-init",
        seconds=0.2,
        init=True,
        source="(besu|quorum)-tessera-node/templates/statefulset.yaml",
    ),
    Behaviour(
        kind="StatefulSet",
        workload=r"tessera-(?P<release>.+)",
        container=r"mysql-db",
        seconds=0.8,
        serves=(Serves(3306, "tcp"),),
        source="(besu|quorum)-tessera-node/templates/statefulset.yaml",
    ),
    Behaviour(
        kind="StatefulSet",
        workload=r"tessera-(?P<release>.+)",
        container=r"tessera",
        seconds=1.5,
        serves=(
            Serves(9000, "http"),
            # STRICT: the same certificate that the gateway terminates with (kv tlscerts, facts E)
            Serves(443, "tls", tls=("tls-tls-certs", "tls.crt", "tls.key")),
            Serves(9101, "http"),
            Serves(9080, "http"),
        ),
        source="(besu|quorum)-tessera-node/templates/statefulset.yaml",
    ),
)


#: Certificates, alias tls: fixed names, hence one per namespace (facts A2.2, B11). The same in both
#: platforms' charts, and so the same entries: the simulator asks all tables at once.
TLS = (
    Behaviour(
        kind="Job",
        workload=r"tls",
        container=r"init-check-certificates",
        seconds=0.2,
        init=True,
        source="(besu|quorum)-tlscert-gen/templates/job.yaml",
    ),
    Behaviour(
        kind="Job",
        workload=r"tls",
        container=r"generate-certs",
        player="tls-certs",
        seconds=0.8,
        source="(besu|quorum)-tlscert-gen/templates/job.yaml",
    ),
    Behaviour(
        kind="Job",
        workload=r"tls-cleanup",
        container=r"delete-certs",
        seconds=0.3,
        source="(besu|quorum)-tlscert-gen/templates/job-cleanup.yaml",
    ),
)


def charts(name: str, *, container: str, node_player: str | None = None) -> dict[str, ChartBehaviour]:
    """The tables of genesis and node chart of `name` (besu, quorum).

    Players of Jobs are called ``<name>-genesis``, ``-node-keys``, ``-node-cleanup``, ``-genesis-cleanup``;
    `container` is the pattern of the node's container and `node_player` what it does before it serves.
    """
    node = rf"{name}-node-(?P<release>.+)"
    return {
        f"{name}-genesis": ChartBehaviour(
            name=f"{name}-genesis",
            version=VERSION,
            pods=(
                Behaviour(
                    kind="Job",
                    workload=rf"{name}-genesis-init",
                    container=r"generate-genesis",
                    player=f"{name}-genesis",
                    seconds=1.5,
                    source=f"{name}-genesis/templates/genesis-job-init.yaml",
                ),
                Behaviour(
                    kind="Job",
                    workload=rf"{name}-genesis-cleanup",
                    container=r"delete-genesis",
                    player=f"{name}-genesis-cleanup",
                    seconds=0.3,
                    source=f"{name}-genesis/templates/genesis-job-cleanup.yaml",
                ),
                *VAULT_MGMT,
            ),
        ),
        f"{name}-node": ChartBehaviour(
            name=f"{name}-node",
            version=VERSION,
            pods=(
                Behaviour(
                    kind="Job",
                    workload=rf"{node}-pre-install-hook",
                    container=rf"{name}-node-.+-keygen",
                    player=f"{name}-node-keys",
                    seconds=0.8,
                    source=f"{name}-node/templates/node-hooks-pre-install.yaml",
                ),
                Behaviour(
                    kind="Job",
                    workload=rf"{node}-pre-delete-hook",
                    container=rf"{name}-node-.+-cleanup",
                    player=f"{name}-node-cleanup",
                    seconds=0.3,
                    source=f"{name}-node/templates (pre-delete hook)",
                ),
                Behaviour(
                    kind="StatefulSet",
                    workload=node,
                    container=rf"volume-permission-{name}",
                    seconds=0.1,
                    init=True,
                    source=f"{name}-node/templates/node-statefulset.yaml",
                ),
                Behaviour(
                    kind="StatefulSet",
                    workload=node,
                    container=container,
                    player=node_player,
                    seconds=1.5,
                    serves=(
                        Serves(8545, "json-rpc"),
                        Serves(8546, "ws"),
                        Serves(30303, "rlpx"),
                        Serves(9545, "http"),
                    ),
                    source=f"{name}-node/templates/node-statefulset.yaml",
                ),
                *TESSERA,
                *TLS,
            ),
        ),
    }
