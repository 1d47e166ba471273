"""What Bevel's containers do, one function per script: inputs from the cluster, outputs into it.

`PLAYERS` is keyed by the names that the behaviours tables use. A player that reads less than the real script
does would let a broken plan pass: when in doubt, read it and fail.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache

from bevel_tui.sandbox.players.context import ContainerFailed, PodContext

Player = Callable[[PodContext], Awaitable[None]]

__all__ = ["ContainerFailed", "Player", "PodContext", "players"]


@cache
def players() -> Mapping[str, Player]:
    """All players by name (imported on first use: they bring cryptography along)."""
    from bevel_tui.sandbox.players import (
        besu,
        cenm,
        cleanup,
        corda,
        fabric_ca,
        fabric_chaincode,
        fabric_channel,
        fabric_genesis,
        fabric_system,
        fabric_update,
        indy,
        quorum,
        shared,
        substrate,
        tessera,
        votes,
    )

    return {
        "besu-genesis": besu.genesis,
        "besu-node-keys": besu.node_keys,
        "besu-node-cleanup": besu.node_cleanup,
        "besu-genesis-cleanup": cleanup.named,
        "quorum-genesis": quorum.genesis,
        "quorum-node-keys": quorum.node_keys,
        "quorum-node-cleanup": quorum.node_cleanup,
        "quorum-genesis-cleanup": cleanup.named,
        "quorum-node": quorum.start,
        "tessera-keys": tessera.keys,
        "tessera-cleanup": tessera.cleanup,
        "tls-certs": shared.tls_certs,
        "propose-validator": votes.propose,
        "vault-mgmt": shared.vault_mgmt,
        "vault-login": shared.vault_token,
        "corda-tls-certs": corda.tls_certs,
        "corda-cleanup": cleanup.named,
        "corda-network-keys": corda.network_keys,
        "corda-node-keys": corda.node_keys,
        "corda-db-healthcheck": corda.db_healthcheck,
        "corda-registration": corda.registration,
        "corda-node": corda.node,
        "corda-logs": corda.logs,
        "cenm-pki": cenm.pki,
        "wait-for-port": cenm.wait_for_port,
        "cenm-users": cenm.users,
        "cenm-login": cenm.login,
        "cenm-subzone": cenm.subzone,
        "cenm-networkmap": cenm.network_map,
        "enterprise-registration": cenm.registration,
        "enterprise-store": cenm.store,
        "enterprise-node": cenm.node,
        "indy-keys": indy.keys,
        "indy-keys-cleanup": indy.keys_cleanup,
        "indy-genesis": indy.genesis,
        "indy-genesis-cleanup": cleanup.named,
        "indy-format-certs": indy.format_certs,
        "indy-node": indy.node,
        "indy-register": indy.register,
        "substrate-keys": substrate.keys,
        "substrate-genesis": substrate.genesis,
        "substrate-cleanup": cleanup.named,
        "substrate-node": substrate.node,
        "ipfs-config": substrate.ipfs_config,
        "ipfs-init": substrate.ipfs_init,
        "ipfs-node": substrate.ipfs_node,
        "fabric-ca": fabric_ca.authority,
        "fabric-certs": fabric_ca.certificates,
        "fabric-certs-cleanup": cleanup.named,
        "fabric-ca-cleanup": cleanup.named,
        "fabric-genesis": fabric_genesis.genesis,
        "fabric-genesis-cleanup": cleanup.named,
        "fabric-osnadmin": fabric_channel.create,
        "fabric-create": fabric_system.create,
        "fabric-join": fabric_channel.join,
        "fabric-anchor": fabric_channel.anchor,
        "fabric-channel-update": fabric_update.update,
        "fabric-chaincode-install": fabric_chaincode.install,
        "fabric-external-install": fabric_chaincode.install_external,
        "fabric-chaincode-approve": fabric_chaincode.approve,
        "fabric-chaincode-commit": fabric_chaincode.commit,
        "fabric-chaincode-invoke": fabric_chaincode.invoke,
    }
