"""What the pods of Bevel's Indy charts do (v1.3.0, chart versions 1.1.0; facts A4)."""

from __future__ import annotations

from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Serves
from bevel_tui.platforms.shared_behaviour import VAULT_MGMT

VERSION = "1.1.0"

BEHAVIOURS: dict[str, ChartBehaviour] = {
    "indy-key-mgmt": ChartBehaviour(
        name="indy-key-mgmt",
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"indy-key-mgmt-job",
                container=r"generate-keys",
                player="indy-keys",
                seconds=1.2,
                source="indy-key-mgmt/templates/job.yaml",
            ),
            Behaviour(
                kind="Job",
                workload=r"indy-key-mgmt-cleanup",
                container=r"cleanup-keys",
                player="indy-keys-cleanup",
                seconds=0.3,
                source="indy-key-mgmt/templates/job-cleanup.yaml",
            ),
            *VAULT_MGMT,
        ),
    ),
    "indy-genesis": ChartBehaviour(
        name="indy-genesis",
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"indy-genesis",
                container=r"genesis",
                player="indy-genesis",
                seconds=0.8,
                source="indy-genesis/templates/genesis-job.yaml",
            ),
            Behaviour(
                kind="Job",
                workload=r"indy-genesis-cleanup",
                container=r"genesis-cleanup",
                player="indy-genesis-cleanup",
                seconds=0.3,
                source="indy-genesis/templates/genesis-cleanup.yaml",
            ),
        ),
    ),
    "indy-node": ChartBehaviour(
        name="indy-node",
        version=VERSION,
        pods=(
            Behaviour(
                kind="StatefulSet",
                workload=r"(?P<release>.+)",
                container=r"format-certs",
                player="indy-format-certs",
                seconds=0.3,
                init=True,
                source="indy-node/templates/statefulset.yaml",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"(?P<release>.+)",
                container=r"indy-node",
                player="indy-node",
                seconds=1.5,
                # settings.node.port and settings.client.port
                serves=(Serves(0, "tcp"),),
                source="indy-node/templates/statefulset.yaml",
            ),
        ),
    ),
    "indy-register-identity": ChartBehaviour(
        name="indy-register-identity",
        version=VERSION,
        pods=(
            Behaviour(
                kind="Job",
                workload=r"(?P<release>.+)",
                container=r"register-endorser",
                player="indy-register",
                seconds=1.0,
                source="indy-register-identity/templates/job.yaml",
            ),
        ),
    ),
}
