"""Besu and GoQuorum written as network.yaml; the other direction is in `ethereum`."""

from __future__ import annotations

from typing import Any

from bevel_tui.network.bevel.ethereum import config_of
from bevel_tui.network.bevel.source import lookup
from bevel_tui.network.bevel.writing import Writing
from bevel_tui.network.ethereum import ethereum_roles
from bevel_tui.network.model import Besu, Quorum

#: the versions that Bevel's schema knows
VERSIONS = {"besu": ("21.1.0", "21.1.1", "21.10.6", "22.10.2"), "quorum": ("21.4.2", "23.4.0", "24.4.1")}


def network(writing: Writing) -> dict[str, Any]:
    """`version` and `config`."""
    platform = writing.network.platform
    if not isinstance(platform, Besu | Quorum):
        raise TypeError(platform.type)
    kind, path = platform.type, ("platform",)
    version = platform.version
    if version not in VERSIONS[kind]:
        writing.lose(
            (*path, "version"), f"Bevel's schema knows {', '.join(VERSIONS[kind])} only; put the version in by hand"
        )
        version = VERSIONS[kind][-1]
    if isinstance(platform, Quorum):
        if platform.consensus != "ibft":
            writing.lose((*path, "consensus"), "Bevel's schema knows ibft and raft only")
        for name in ("chain_id", "network_id"):
            if getattr(platform, name) != type(platform).model_fields[name].default:
                writing.lose((*path, name), "Bevel's playbooks leave it as the charts have it")
    elif platform.bootnodes:
        writing.lose((*path, "bootnodes"), "Bevel's playbooks let no node use bootnodes")
    if platform.block_period != type(platform).model_fields["block_period"].default:
        writing.lose((*path, "block_period"), "Bevel's playbooks leave it as the charts have it")
    if platform.account_password is not None and not any(
        ethereum_roles(writing.network, o).members for o in writing.network.organizations
    ):
        writing.lose((*path, "account_password"), "stands beside members, and there are none")
    config = config_of(kind, platform.model_dump())
    nodes = [
        f"https://{release.name}.{writing.host(o)}" + ("" if writing.network.gateway.type != "none" else ":443")
        for o in writing.network.organizations
        for release in writing.named(o, "member")
    ]
    if platform.transaction_manager == "tessera" and nodes:
        config["tm_nodes"] = nodes
    return {"version": version, "config": config}


def organization(writing: Writing, index: int) -> dict[str, Any]:
    """`type` and `services` of an organization."""
    network = writing.network
    own = network.organizations[index]
    kind, platform = network.platform.type, network.platform
    members, validators = writing.named(own, "member"), writing.named(own, "validator")
    if own.subject and not members:
        writing.lose(("organizations", index, "subject"), "stands beside members, and there are none")
    password = getattr(platform, "account_password", None)
    p2p = 30303 if kind == "besu" else 21000
    services: dict[str, Any] = {}
    if validators:
        services["validators"] = [
            {
                "validator": None,
                "name": release.name,
                "bootnode": False,
                "p2p": {"port": p2p, "ambassador": writing.port(own, release)},
                "rpc": {"port": 8545, "ambassador": 80},
                "ws": {"port": 8546},
            }
            for release in validators
        ]
    if members:
        services["peers"] = [
            {
                "peer": None,
                "name": release.name,
                "subject": writing.subject(own),
                **({"type": "member"} if kind == "quorum" else {}),
                "geth_passphrase": lookup(writing.ref(password)) if password else "",
                "p2p": {"port": p2p, "ambassador": writing.port(own, release)},
                "rpc": {"port": 8545, "ambassador": 80},
                "ws": {"port": 8546},
                "db": {"port": 3306},
                "tm_nodeport": {"port": 443, "ambassador": 443},
                "tm_clientport": {"port": 8888},
            }
            for release in members
        ]
    if kind == "quorum":
        return {"services": services}
    return {"type": "validator" if validators else "member", "services": services}
