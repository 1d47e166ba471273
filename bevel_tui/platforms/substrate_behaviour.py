"""What the pods of Bevel's Substrate charts do (v1.3.0, chart versions 1.1.0; facts A7).

`seconds` are nominal: long enough for the order of things to be seen, short enough for a rehearsal.
"""

from __future__ import annotations

from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Serves
from bevel_tui.platforms.shared_behaviour import VAULT_MGMT

VERSION = "1.1.0"


def _cleanup(source: str) -> Behaviour:
    """The hook of both the keys' and the genesis' chart: they call container and Job the same."""
    return Behaviour(
        kind="Job",
        workload=r"(?P<release>.+)-cleanup",
        container=r"generate-genesis",
        player="substrate-cleanup",
        seconds=0.3,
        source=source,
    )


CLEANUP = _cleanup(
    "substrate-key-gen/templates/keys-cleanup.yaml, substrate-genesis/templates/genesis-job-cleanup.yaml"
)

BEHAVIOURS: dict[str, ChartBehaviour] = {
    "substrate-key-gen": ChartBehaviour(
        "substrate-key-gen",
        VERSION,
        (
            *VAULT_MGMT,
            Behaviour(
                kind="Job",
                workload=r"(?P<release>.+)-generate-keys",
                container=r"generate-keys",
                player="substrate-keys",
                # it installs packages first, so that the way to Vault is open when it asks
                seconds=1.5,
                source="substrate-key-gen/templates/generate-keys.yaml",
            ),
            CLEANUP,
        ),
    ),
    "substrate-genesis": ChartBehaviour(
        "substrate-genesis",
        VERSION,
        (
            CLEANUP,
            Behaviour(
                kind="Job",
                workload=r"(?P<release>.+-genesis)",
                container=r"generate-genesis",
                player="substrate-genesis",
                seconds=1.5,
                source="substrate-genesis/templates/genesis.yaml",
            ),
        ),
    ),
    "substrate-node": ChartBehaviour(
        "substrate-node",
        VERSION,
        (
            Behaviour(
                kind="StatefulSet",
                workload=r"(?P<release>.+)-substrate-node",
                # called as the chain
                container=r"[a-z][-a-z0-9]*",
                player="substrate-node",
                seconds=1.5,
                serves=(
                    Serves(30333, "tcp"),
                    Serves(9933, "http"),
                    Serves(9944, "http"),
                    Serves(9615, "http"),
                ),
                source="substrate-node/templates/statefulset.yaml",
            ),
        ),
    ),
    "dscp-ipfs-node": ChartBehaviour(
        "dscp-ipfs-node",
        VERSION,
        (
            Behaviour(
                kind="StatefulSet",
                workload=r"(?P<release>dscp-ipfs-node-.+)",
                container=r".+-ipfs-config",
                player="ipfs-config",
                seconds=0.3,
                init=True,
                source="dscp-ipfs-node/templates/statefulset.yaml",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"(?P<release>dscp-ipfs-node-.+)",
                container=r"ipfs-init",
                player="ipfs-init",
                seconds=0.3,
                init=True,
                source="dscp-ipfs-node/templates/statefulset.yaml",
            ),
            Behaviour(
                kind="StatefulSet",
                workload=r"(?P<release>dscp-ipfs-node-.+)",
                container=r"dscp-ipfs-node-.+",
                player="ipfs-node",
                seconds=1.0,
                serves=(Serves(4001, "tcp"), Serves(5001, "http"), Serves(80, "http")),
                source="dscp-ipfs-node/templates/statefulset.yaml",
            ),
        ),
    ),
}
