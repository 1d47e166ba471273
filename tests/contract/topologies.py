"""The topologies that Bevel's READMEs install line by line, as Networks of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bevel_tui.network.model import Network
from bevel_tui.network.past import Past
from bevel_tui.platforms import growth
from bevel_tui.platforms.registry import platform
from bevel_tui.records.steps import Step
from tests.contract import corda_topologies


@dataclass(frozen=True)
class Topology:
    """`lines` is the part of the contract's list that installs this topology, or with `partial` some of it."""

    name: str
    platform: str
    lines: slice
    document: dict[str, Any]
    #: the README shows only what differs from another sequence
    partial: bool = False
    #: as the network was founded, where the document is what it has grown to: then what was added counts
    founded: dict[str, Any] | None = None

    @property
    def network(self) -> Network:
        return Network.model_validate(self.document)

    @property
    def steps(self) -> list[Step]:
        """What the platform plans."""
        if self.founded is None:
            return list(platform(self.platform).steps(self.network))
        before = Network.model_validate(self.founded)
        past = Past.of(before).after(self.network)
        there = {step.id for step in platform(self.platform).steps(before)}
        return [step for step in growth.steps(self.network, past, past.ports) if step.id not in there]


def _document(
    platform: dict[str, Any], gateway: dict[str, Any], organizations: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    return {
        "apiVersion": "bevel-tui/v1",
        "kind": "Network",
        "name": "contract",
        "platform": platform,
        "gateway": gateway,
        "organizations": organizations,
        **more,
    }


VAULT = {
    "address": "http://vault.example:8200",
    "token": {"env": "VAULT_TOKEN"},
}
BESU = [
    {"name": "supplychain", "cluster": "one", "besu": {"validators": 4, "members": 1}},
    {"name": "carrier", "cluster": "one", "besu": {"members": 1}},
]
QUORUM = [
    {"name": "supplychain", "cluster": "one", "quorum": {"validators": 4, "members": 1}},
    {"name": "carrier", "cluster": "one", "quorum": {"members": 1}},
]
FABRIC = [
    {"name": "supplychain", "cluster": "one", "fabric": {"orderers": 3, "peers": 2, "cli": True}},
    {"name": "carrier", "cluster": "one", "fabric": {"peers": 1, "cli": True}},
]
SUBSTRATE: list[dict[str, Any]] = [
    {"name": "oem", "cluster": "one", "substrate": {"validators": 2, "members": 1, "ipfs": 2}},
    {"name": "tierone", "cluster": "one", "substrate": {"validators": 2, "members": 1, "ipfs": 1}},
    {"name": "tiertwo", "cluster": "one", "substrate": {"members": 1, "ipfs": 1}},
]
INDY = [
    {"name": "authority", "cluster": "one", "indy": {"trustee": True}},
    {"name": "university", "cluster": "one", "indy": {"stewards": 4, "endorser": True}},
]
PLAIN = [{"name": "one", "context": "one", "provider": "aws"}]
PROXIED = [{"name": "one", "context": "one", "provider": "aws", "domain": "test.yourdomain.com"}]

TWO_TWO = {"type": "fabric", "version": "2.2.2", "channels": [{"name": "allchannel", "creator": "carrier"}]}

TOPOLOGIES = (
    Topology(
        "besu-none",
        "besu",
        slice(0, 8),
        _document({"type": "besu", "transaction_manager": "tessera"}, {"type": "none"}, BESU, clusters=PLAIN),
    ),
    Topology(
        "besu-ambassador-vault",
        "besu",
        slice(8, 16),
        _document(
            {"type": "besu", "transaction_manager": "tessera"},
            {"type": "ambassador", "p2p_ports": "15011-15050"},
            BESU,
            clusters=PROXIED,
            vault=VAULT,
        ),
    ),
    Topology(
        "quorum-none",
        "quorum",
        slice(0, 8),
        _document({"type": "quorum", "transaction_manager": "tessera"}, {"type": "none"}, QUORUM, clusters=PLAIN),
    ),
    Topology(
        "quorum-ambassador-vault",
        "quorum",
        slice(16, 24),
        _document(
            {"type": "quorum", "transaction_manager": "tessera"},
            {"type": "ambassador", "p2p_ports": "15011-15050"},
            QUORUM,
            clusters=PROXIED,
            vault=VAULT,
        ),
    ),
    Topology(
        "substrate-none",
        "substrate",
        slice(0, 19),
        _document(
            {"type": "substrate"},
            {"type": "none"},
            # the README creates oem-subs and installs into oem1-subs (facts A7, README traps)
            [{**o, "namespace": f"{o['name']}1-subs"} for o in SUBSTRATE],
            clusters=PLAIN,
        ),
    ),
    Topology(
        "substrate-ambassador-vault",
        "substrate",
        slice(19, 38),
        _document(
            {"type": "substrate"},
            {"type": "ambassador", "p2p_ports": "15011-15050"},
            SUBSTRATE,
            clusters=PROXIED,
            vault=VAULT,
        ),
    ),
    Topology(
        "fabric-none", "fabric", slice(0, 13), _document({"type": "fabric"}, {"type": "none"}, FABRIC, clusters=PLAIN)
    ),
    Topology(
        "fabric-haproxy-vault",
        "fabric",
        slice(17, 30),
        _document({"type": "fabric"}, {"type": "haproxy"}, FABRIC, clusters=PROXIED, vault=VAULT),
    ),
    Topology(
        "indy-none",
        "indy",
        slice(0, 8),
        _document(
            {"type": "indy"},
            {"type": "none", "p2p_ports": "30011-30050"},
            # the README has three: fewer than Bevel itself asks for (facts A4)
            [INDY[0], {**INDY[1], "indy": {"stewards": 3, "endorser": True}}],
            clusters=PLAIN,
        ),
    ),
    Topology(
        "indy-ambassador-vault",
        "indy",
        slice(8, 17),
        _document(
            {"type": "indy"}, {"type": "ambassador", "p2p_ports": "15011-15050"}, INDY, clusters=PLAIN, vault=VAULT
        ),
    ),
    Topology(
        "fabric-two-two",
        "fabric",
        slice(13, 17),
        _document(TWO_TWO, {"type": "none"}, FABRIC, clusters=PLAIN),
        partial=True,
    ),
    Topology(
        "fabric-two-two-vault",
        "fabric",
        slice(30, 34),
        _document(TWO_TWO, {"type": "haproxy"}, FABRIC, clusters=PROXIED, vault=VAULT),
        partial=True,
    ),
)

EAST_WEST = [
    {"name": "east", "context": "east", "domain": "east.example.com", "provider": "kind"},
    {"name": "west", "context": "west", "domain": "west.example.com", "provider": "gcp", "storage": {"class": "fast"}},
]
REGISTRY = {"server": "registry.example.com", "username": {"env": "U"}, "password": {"env": "P"}}

PLACEMENT = {"node_selector": {"pool": "ledger"}, "tolerations": [{"key": "ledger", "operator": "Exists"}]}

#: shapes that no README has, for comparison with the charts themselves
MORE = (
    Topology(
        "besu-two-clusters",
        "besu",
        slice(0),
        _document(
            {"type": "besu", "bootnodes": True, "consensus": "ibft2", "account_password": {"env": "A"}},
            {"type": "ambassador"},
            [
                {"name": "north", "cluster": "east", "besu": {"validators": 4, "members": 2}},
                {"name": "south", "cluster": "west", "besu": {"members": 2}},
            ],
            clusters=EAST_WEST,
            registry=REGISTRY,
        ),
    ),
    Topology(
        "besu-members-with-vault",
        "besu",
        slice(0),
        _document(
            {"type": "besu", "transaction_manager": "tessera"},
            {"type": "ambassador"},
            [{"name": "north", "cluster": "east", "besu": {"validators": 1, "members": 2}}],
            clusters=EAST_WEST[:1],
            vault=VAULT,
            registry=REGISTRY,
        ),
    ),
    Topology(
        "quorum-two-clusters",
        "quorum",
        slice(0),
        _document(
            {"type": "quorum", "consensus": "ibft", "account_password": {"env": "A"}, "network_id": 7},
            {"type": "ambassador"},
            [
                {"name": "north", "cluster": "east", "quorum": {"validators": 4, "members": 2}},
                {"name": "south", "cluster": "west", "quorum": {"members": 2}},
            ],
            clusters=EAST_WEST,
            registry=REGISTRY,
        ),
    ),
    Topology(
        "quorum-members-with-vault",
        "quorum",
        slice(0),
        _document(
            {"type": "quorum", "transaction_manager": "tessera", "account_password": {"env": "A"}},
            {"type": "ambassador"},
            [{"name": "north", "cluster": "east", "quorum": {"validators": 4, "members": 2}}],
            clusters=EAST_WEST[:1],
            vault={**VAULT, "ca": {"file": "/ca.pem"}},
            registry=REGISTRY,
            placement=PLACEMENT,
        ),
    ),
    Topology(
        "fabric-two-clusters",
        "fabric",
        slice(0),
        _document(
            {"type": "fabric", "channels": [{"name": "trade"}, {"name": "audit", "participants": ["north"]}]},
            {"type": "haproxy"},
            [
                {
                    "name": "north",
                    "cluster": "east",
                    "subject": "O=North,OU=Ledger,L=51.50/-0.13/London,C=GB",
                    "fabric": {"orderers": 1, "peers": 1, "cli": True, "ca_admin": {"env": "CA"}},
                },
                {"name": "south", "cluster": "west", "fabric": {"peers": 2}},
            ],
            clusters=EAST_WEST,
            registry=REGISTRY,
        ),
    ),
    Topology(
        "fabric-two-clusters-vault",
        "fabric",
        slice(0),
        _document(
            {"type": "fabric"},
            {"type": "haproxy"},
            [
                {"name": "north", "cluster": "east", "fabric": {"orderers": 3, "peers": 2, "cli": True}},
                {"name": "south", "cluster": "west", "fabric": {"peers": 1}},
            ],
            clusters=EAST_WEST,
            vault={**VAULT, "ca": {"file": "/ca.pem"}},
            placement=PLACEMENT,
        ),
    ),
    Topology(
        "substrate-two-clusters",
        "substrate",
        slice(0),
        _document(
            {"type": "substrate", "chain": "trade", "version": "v4.3.0"},
            {"type": "ambassador"},
            [
                {"name": "north", "cluster": "east", "substrate": {"validators": 1, "members": 2, "ipfs": 2}},
                {"name": "south", "cluster": "west", "substrate": {"validators": 1, "members": 1, "ipfs": 1}},
            ],
            clusters=EAST_WEST,
            registry=REGISTRY,
            placement=PLACEMENT,
        ),
    ),
    Topology(
        "indy-two-clusters",
        "indy",
        slice(0),
        _document(
            {"type": "indy", "version": "1.12.1"},
            {"type": "ambassador"},
            [
                {"name": "north", "cluster": "east", "indy": {"trustee": True, "stewards": 2}},
                {"name": "south", "cluster": "west", "indy": {"trustee": True, "stewards": 2, "endorser": True}},
                {"name": "third", "cluster": "west", "indy": {"endorser": True}},
            ],
            clusters=[{**EAST_WEST[0], "public_ip": "192.0.2.1"}, EAST_WEST[1]],
            registry=REGISTRY,
            placement=PLACEMENT,
        ),
    ),
    Topology(
        "indy-node-ports-vault",
        "indy",
        slice(0),
        _document(
            {"type": "indy"},
            {"type": "none", "p2p_ports": "30010-30050"},
            [{"name": "north", "cluster": "east", "indy": {"trustee": True, "stewards": 4, "endorser": True}}],
            clusters=EAST_WEST[:1],
            vault={**VAULT, "ca": {"file": "/ca.pem"}},
            registry=REGISTRY,
        ),
    ),
    Topology(
        "besu-placed",
        "besu",
        slice(0),
        _document(
            {"type": "besu", "transaction_manager": "tessera"},
            {"type": "none"},
            [{"name": "north", "cluster": "east", "besu": {"validators": 1, "members": 1}}],
            clusters=EAST_WEST[:1],
            vault=VAULT,
            placement=PLACEMENT,
        ),
    ),
    Topology(
        "fabric-orderers-everywhere",
        "fabric",
        slice(0),
        _document(
            {
                "type": "fabric",
                "channels": [{"name": "trade"}, {"name": "audit", "participants": ["north"]}],
                "chaincodes": [
                    {"name": "asset", "external": {"image": "registry.example.com/asset:1"}, "init": ["Init", "a"]},
                    {
                        "name": "bond",
                        "version": "1.0",
                        "endorsement": "OR('northMSP.peer','southMSP.peer')",
                        "repository": {
                            "url": "git.example.com/bond.git",
                            "username": "reader",
                            "password": {"env": "G"},
                        },
                    },
                ],
            },
            {"type": "haproxy"},
            [
                {
                    "name": "north",
                    "cluster": "east",
                    "fabric": {
                        "orderers": 1,
                        "peers": 2,
                        "console": True,
                        "users": [{"name": "clerk", "attributes": {"department": "trade"}}],
                    },
                },
                {"name": "south", "cluster": "west", "fabric": {"orderers": 2, "peers": 1, "console": True}},
            ],
            clusters=[
                EAST_WEST[0],
                {
                    **EAST_WEST[1],
                    "existing_gateway": {"namespace": "edge", "service": "haproxy", "ingress_class": "edge"},
                },
            ],
            registry=REGISTRY,
            placement=PLACEMENT,
        ),
    ),
    Topology(
        "fabric-two-two-clusters",
        "fabric",
        slice(0),
        _document(
            {**TWO_TWO, "channels": [{"name": "allchannel", "creator": "south"}]},
            {"type": "haproxy"},
            [
                {"name": "north", "cluster": "east", "fabric": {"orderers": 2, "peers": 1, "cli": True}},
                {"name": "south", "cluster": "west", "fabric": {"orderers": 1, "peers": 2}},
            ],
            clusters=EAST_WEST,
            vault={**VAULT, "ca": {"file": "/ca.pem"}},
        ),
    ),
)

TOPOLOGIES += tuple(
    Topology(
        name,
        platform,
        lines,
        _document(
            {"type": platform},
            {"type": gateway},
            organizations,
            clusters=PLAIN if gateway == "none" else [{**PROXIED[0], "domain": corda_topologies.DOMAIN}],
            **({"vault": VAULT} if vault else {}),
        ),
    )
    for name, platform, lines, gateway, organizations, vault in corda_topologies.DOCUMENTED
)
CHOICES = {"registry": REGISTRY, "vault": VAULT, "placement": PLACEMENT}
MORE += tuple(
    Topology(
        name,
        platform["type"],
        slice(0),
        _document(
            platform,
            {"type": gateway},
            organizations,
            clusters=EAST_WEST[: len({o["cluster"] for o in organizations})],
            **{choice: CHOICES[choice] for choice in chosen},
        ),
    )
    for name, platform, gateway, organizations, chosen in corda_topologies.MORE
)


def _grown(name: str, kind: dict[str, Any], before: list[dict[str, Any]], now: list[dict[str, Any]]) -> Topology:
    gateway = {"type": "haproxy" if kind["type"] == "fabric" else "ambassador"}
    more: dict[str, Any] = {"clusters": EAST_WEST, "registry": REGISTRY, "vault": VAULT, "placement": PLACEMENT}
    return Topology(
        name,
        str(kind["type"]),
        slice(0),
        _document(kind, gateway, now, **more),
        founded=_document(kind, gateway, before, **more),
    )


_NORTH = {"name": "north", "cluster": "east", "fabric": {"orderers": 3, "peers": 1}}
_SOUTH = {"name": "south", "cluster": "west", "fabric": {"peers": 1}}

#: networks that have changed: what was added to them
GROWN = (
    *(
        _grown(f"fabric-{version}-organization", {"type": "fabric", "version": version}, [_NORTH], [_NORTH, _SOUTH])
        for version in ("2.5.4", "2.2.2")
    ),
    *(
        _grown(
            f"{kind}-validator",
            {"type": kind},
            [{"name": "north", "cluster": "east", kind: {"validators": 4, "members": 0}}],
            [{"name": "north", "cluster": "east", kind: {"validators": 5, "members": 0}}],
        )
        for kind in ("besu", "quorum")
    ),
)
