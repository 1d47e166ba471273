"""What the pods of Bevel's Besu charts do (v1.3.0, chart versions 1.1.0; facts A2).

`seconds` are nominal: long enough for the order of things to be seen, short enough for a rehearsal.
"""

from __future__ import annotations

from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Serves
from bevel_tui.platforms.shared_behaviour import VAULT_MGMT

VERSION = "1.1.0"

#: besu-tessera-node, alias tessera: the private transaction manager beside a member (facts A2.2)
TESSERA = (
    Behaviour(
        kind="Job",
        workload=r"tessera-(?P<release>.+)-pre-install-hook",
        container=r"tessera-.+-keygen",
        player="tessera-keys",
        seconds=0.8,
        source="besu-tessera-node/templates/hooks-pre-install.yaml",
    ),
    Behaviour(
        kind="Job",
        workload=r"tessera-(?P<release>.+)-pre-delete-hook",
        container=r"tessera-.+-cleanup",
        player="tessera-cleanup",
        seconds=0.3,
        source="besu-tessera-node/templates/hooks-pre-delete.yaml",
    ),
    Behaviour(
        kind="StatefulSet",
        workload=r"tessera-(?P<release>.+)",
        container=r"certificates-init|mysql-init",
        seconds=0.2,
        init=True,
        source="besu-tessera-node/templates/statefulset.yaml",
    ),
    Behaviour(
        kind="StatefulSet",
        workload=r"tessera-(?P<release>.+)",
        container=r"mysql-db",
        seconds=0.8,
        serves=(Serves(3306, "tcp"),),
        source="besu-tessera-node/templates/statefulset.yaml",
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
        source="besu-tessera-node/templates/statefulset.yaml",
    ),
)

#: besu-tlscert-gen, alias tls: fixed names, hence one per namespace (facts A2.2, B11)
TLS = (
    Behaviour(
        kind="Job",
        workload=r"tls",
        container=r"init-check-certificates",
        seconds=0.2,
        init=True,
        source="besu-tlscert-gen/templates/job.yaml",
    ),
    Behaviour(
        kind="Job",
        workload=r"tls",
        container=r"generate-certs",
        player="tls-certs",
        seconds=0.8,
        source="besu-tlscert-gen/templates/job.yaml",
    ),
    Behaviour(
        kind="Job",
        workload=r"tls-cleanup",
        container=r"delete-certs",
        seconds=0.3,
        source="besu-tlscert-gen/templates/job-cleanup.yaml",
    ),
)

BEHAVIOURS: dict[str, ChartBehaviour] = {
    "besu-genesis": ChartBehaviour(
        name="besu-genesis",
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"besu-genesis-init",
                container=r"generate-genesis",
                player="besu-genesis",
                seconds=1.5,
                source="besu-genesis/templates/genesis-job-init.yaml",
            ),
            Behaviour(
                kind="Job",
                workload=r"besu-genesis-cleanup",
                container=r"delete-genesis",
                player="besu-genesis-cleanup",
                seconds=0.3,
                source="besu-genesis/templates/genesis-job-cleanup.yaml",
            ),
            *VAULT_MGMT,
        ),
    ),
    "besu-node": ChartBehaviour(
        name="besu-node",
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"besu-node-(?P<release>.+)-pre-install-hook",
                container=r"besu-node-.+-keygen",
                player="besu-node-keys",
                seconds=0.8,
                source="besu-node/templates/node-hooks-pre-install.yaml",
            ),
            Behaviour(
                kind="Job",
                workload=r"besu-node-(?P<release>.+)-pre-delete-hook",
                container=r"besu-node-.+-cleanup",
                player="besu-node-cleanup",
                seconds=0.3,
                source="besu-node/templates/node-hooks-pre-delete.yaml",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"besu-node-(?P<release>.+)",
                container=r"volume-permission-besu",
                seconds=0.1,
                init=True,
                source="besu-node/templates/node-statefulset.yaml",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"besu-node-(?P<release>.+)",
                container=r".+-besu",
                seconds=1.5,
                serves=(
                    Serves(8545, "json-rpc"),
                    Serves(8546, "ws"),
                    Serves(30303, "rlpx"),
                    Serves(9545, "http"),
                ),
                source="besu-node/templates/node-statefulset.yaml",
            ),
            *TESSERA,
            *TLS,
        ),
    ),
}
