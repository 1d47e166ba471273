"""Networks that rules accept, of all shapes that plans know."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bevel_tui.network.model import Network

CLUSTERS: list[dict[str, Any]] = [
    {"name": "east", "context": "c-east", "domain": "east.example.test", "provider": "aws"},
    {"name": "west", "context": "c-west", "domain": "west.example.test", "provider": "kind"},
    {
        "name": "north",
        "context": "c-north",
        "domain": "north.example.test",
        "existing_gateway": {"namespace": "edge", "service": "gateway"},
        "storage": {"class": "fast"},
    },
]
VAULT = {"address": "https://vault.example.test:8200", "token": {"env": "TOKEN"}, "ca": {"file": "ca.pem"}}
#: only Fabric's charts can mount Vault's own CA
NO_CA = {key: value for key, value in VAULT.items() if key != "ca"}
REGISTRY = {"server": "registry.example.test", "username": {"env": "U"}, "password": {"env": "P"}}

CHAINCODES: list[dict[str, Any]] = [
    {"name": "asset", "external": {"image": "registry.example.test/asset:1"}, "init": ["Init", "a"]},
    {"name": "bond", "external": {"address": "bond.example.test:7052"}},
    {
        "name": "trade",
        "version": "1.0",
        "endorsement": "OR('supplychainMSP.peer','carrierMSP.peer')",
        "repository": {"url": "github.com/a/b.git", "username": "someone", "password": {"env": "GIT"}},
    },
]


def document(
    platform: dict[str, Any], gateway: str | dict[str, Any], organizations: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """A preset as plain data; two clusters unless told otherwise."""
    return {
        "apiVersion": "bevel-tui/v1",
        "kind": "Network",
        "name": "net",
        "platform": platform,
        "gateway": gateway if isinstance(gateway, dict) else {"type": gateway},
        "clusters": CLUSTERS[:2],
        "organizations": organizations,
        **more,
    }


def network(*args: Any, **more: Any) -> Network:
    """The Network of `document`."""
    return Network.model_validate(document(*args, **more))


def besu(gateway: str = "ambassador", **more: Any) -> Network:
    """The usual two organizations in two clusters (in one without a gateway)."""
    platform = {"type": "besu", **more.pop("platform", {})}
    other = "east" if gateway == "none" else "west"
    return network(
        platform,
        gateway,
        more.pop(
            "organizations",
            [
                {"name": "supplychain", "cluster": "east", "besu": {"validators": 4, "members": 1}},
                {"name": "carrier", "cluster": other, "besu": {"members": 1}},
            ],
        ),
        **more,
    )


def quorum(gateway: str = "ambassador", **more: Any) -> Network:
    """The usual two organizations in two clusters (in one without a gateway)."""
    platform = {"type": "quorum", **more.pop("platform", {})}
    other = "east" if gateway == "none" else "west"
    return network(
        platform,
        gateway,
        more.pop(
            "organizations",
            [
                {"name": "supplychain", "cluster": "east", "quorum": {"validators": 4, "members": 1}},
                {"name": "carrier", "cluster": other, "quorum": {"members": 1}},
            ],
        ),
        **more,
    )


def fabric(gateway: str = "haproxy", **more: Any) -> Network:
    """The usual two organizations in two clusters (in one without a gateway)."""
    platform = {"type": "fabric", **more.pop("platform", {})}
    other = "east" if gateway == "none" else "west"
    return network(
        platform,
        gateway,
        more.pop(
            "organizations",
            [
                {"name": "supplychain", "cluster": "east", "fabric": {"orderers": 3, "peers": 2}},
                {"name": "carrier", "cluster": other, "fabric": {"peers": 1}},
            ],
        ),
        **more,
    )


#: Indy has no names, and node ports are a range of their own (facts A4.3)
NAMELESS = [{key: value for key, value in cluster.items() if key != "domain"} for cluster in CLUSTERS]
NODE_PORTS = {"type": "none", "p2p_ports": "30010-30050"}


def indy(gateway: str = "ambassador", **more: Any) -> Network:
    """An authority in the east, a university with four stewards in the west; over two clusters with either gateway."""
    platform = {"type": "indy", **more.pop("platform", {})}
    organizations = more.pop(
        "organizations",
        [
            {"name": "authority", "cluster": "east", "indy": {"trustee": True}},
            {"name": "university", "cluster": "west", "indy": {"stewards": 4, "endorser": True}},
        ],
    )
    chosen: str | dict[str, Any] = NODE_PORTS if gateway == "none" else gateway
    return network(platform, chosen, organizations, **{"clusters": NAMELESS[:2], **more})


@st.composite
def indy_networks(draw: st.DrawFn) -> Network:
    """Any valid Indy network of up to four organizations over up to three clusters."""
    gateway = draw(st.sampled_from(["none", "ambassador"]))
    organizations = []
    for index, name in enumerate(["authority", "university", "employer", "bank"][: draw(st.integers(1, 4))]):
        roles = {
            "trustee": index == 0 or draw(st.booleans()),
            "endorser": draw(st.booleans()),
            # enough of them wherever they are
            "stewards": 4 if index == 0 else draw(st.integers(1, 3)),
        }
        place, managed = draw(st.sampled_from(["east", "west", "north"])), draw(st.booleans())
        organizations.append({"name": name, "cluster": place, "managed": managed, "indy": roles})
    used = {organization["cluster"] for organization in organizations}
    clusters = [dict(cluster) for cluster in NAMELESS if cluster["name"] in used]
    for number, cluster in enumerate(clusters):
        if gateway == "none":
            cluster.pop("existing_gateway", None)
        if draw(st.booleans()):
            cluster["public_ip"] = f"192.0.2.{number}"
    more: dict[str, Any] = {"vault": NO_CA} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        more["registry"] = REGISTRY
    return indy(gateway, organizations=organizations, clusters=clusters, **more)


def substrate(gateway: str = "ambassador", **more: Any) -> Network:
    """Validators in both organizations, of two clusters (in one without a gateway), and three IPFS nodes."""
    platform = {"type": "substrate", **more.pop("platform", {})}
    other = "east" if gateway == "none" else "west"
    organizations = more.pop(
        "organizations",
        [
            {"name": "oem", "cluster": "east", "substrate": {"validators": 2, "members": 1, "ipfs": 2}},
            {"name": "tierone", "cluster": other, "substrate": {"validators": 2, "members": 1, "ipfs": 1}},
        ],
    )
    return network(platform, gateway, organizations, **more)


@st.composite
def substrate_networks(draw: st.DrawFn) -> Network:
    """Any valid Substrate network of up to four organizations over up to three clusters."""
    gateway = draw(st.sampled_from(["none", "ambassador"]))
    places = ["east"] if gateway == "none" else ["east", "west", "north"]
    organizations = []
    for index, name in enumerate(["oem", "tierone", "tiertwo", "bank"][: draw(st.integers(1, 4))]):
        roles = {
            "validators": draw(st.integers(0 if index else 1, 3)),
            "members": draw(st.integers(1, 2)),
            "ipfs": draw(st.integers(0, 2)),
        }
        place, managed = draw(st.sampled_from(places)), draw(st.booleans())
        organizations.append({"name": name, "cluster": place, "managed": managed, "substrate": roles})
    used = {organization["cluster"] for organization in organizations}
    more: dict[str, Any] = {"clusters": [cluster for cluster in CLUSTERS if cluster["name"] in used]}
    if draw(st.booleans()):
        more["vault"] = NO_CA
    if draw(st.booleans()):
        more["registry"] = REGISTRY
    return substrate(gateway, organizations=organizations, **more)


def corda(gateway: str = "ambassador", **more: Any) -> Network:
    """An operator with a notary and a node in the east, a manufacturer with two nodes in the west (or beside it)."""
    platform = {"type": "corda", **more.pop("platform", {})}
    other = "east" if gateway == "none" else "west"
    organizations = more.pop(
        "organizations",
        [
            {"name": "supplychain", "cluster": "east", "corda": {"notaries": 1, "nodes": 1}},
            {"name": "manufacturer", "cluster": other, "corda": {"nodes": 2}},
        ],
    )
    return network(platform, gateway, organizations, **more)


@st.composite
def corda_networks(draw: st.DrawFn) -> Network:
    """Any valid network of the two Cordas, of up to four organizations over up to three clusters."""
    platform = draw(st.sampled_from(["corda", "corda-enterprise"]))
    gateway = draw(st.sampled_from(["none", "ambassador"]))
    places = ["east"] if gateway == "none" else ["east", "west", "north"]
    organizations = []
    for index, name in enumerate(["supplychain", "manufacturer", "store", "bank"][: draw(st.integers(1, 4))]):
        notaries = draw(st.integers(1, 2)) if not index else draw(st.integers(0, 1)) if platform == "corda" else 0
        roles = {"notaries": notaries, "nodes": draw(st.integers(1 if index else 0, 2))}
        place, managed = draw(st.sampled_from(places)), draw(st.booleans())
        organizations.append({"name": name, "cluster": place, "managed": managed, "corda": roles})
    used = {organization["cluster"] for organization in organizations}
    more: dict[str, Any] = {"clusters": [cluster for cluster in CLUSTERS if cluster["name"] in used]}
    if draw(st.booleans()):
        more["vault"] = {key: value for key, value in VAULT.items() if key != "ca"}
    if draw(st.booleans()):
        more["registry"] = REGISTRY
    details: dict[str, Any] = {"type": platform}
    if draw(st.booleans()):
        details["password"] = {"env": "PASSWORD"}
    if draw(st.booleans()):
        login = {"username": {"env": "MAVEN_USER"}, "password": {"env": "MAVEN"}}
        details["cordapps"] = {"jars": ["https://apps.example.test/one.jar"], **login}
    return corda(gateway, platform=details, organizations=organizations, **more)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Any valid network of up to four organizations over up to three clusters."""
    if draw(st.integers(0, 2)) == 0:
        return draw(indy_networks())
    if draw(st.integers(0, 3)) == 0:
        return draw(substrate_networks())
    if draw(st.integers(0, 2)) == 0:
        return draw(corda_networks())
    platform = draw(st.sampled_from(["besu", "quorum", "fabric"]))
    gateway = draw(st.sampled_from(["none", "haproxy" if platform == "fabric" else "ambassador"]))
    places = ["east"] if gateway == "none" else ["east", "west", "north"]
    vault = draw(st.booleans())
    organizations = []
    for index, name in enumerate(["supplychain", "carrier", "store", "bank"][: draw(st.integers(1, 4))]):
        roles: dict[str, Any]
        if platform != "fabric":
            least = 4 if platform == "quorum" else 1
            roles = {"validators": 0 if index else draw(st.integers(least, 5)), "members": draw(st.integers(1, 2))}
        else:
            roles = {
                "orderers": draw(st.sampled_from([0, 2])) if index else draw(st.sampled_from([1, 3])),
                "peers": draw(st.integers(1, 3)),
                "cli": draw(st.booleans()),
                "console": draw(st.booleans()),
                "users": [{"name": "clerk", "attributes": {"role": "buyer"}}] if draw(st.booleans()) else [],
            }
        place = draw(st.sampled_from(places))
        managed = draw(st.booleans())
        organizations.append({"name": name, "cluster": place, "managed": managed, platform: roles})
    tessera = platform != "fabric" and (vault or gateway == "none") and draw(st.booleans())
    details: dict[str, Any] = {"type": platform}
    if platform != "fabric":
        details["transaction_manager"] = "tessera" if tessera else "none"
    if platform == "besu":
        details["bootnodes"] = draw(st.booleans())
    elif platform == "fabric":
        details["version"] = draw(st.sampled_from(["2.2.2", "2.5.4"]))
        if draw(st.booleans()):
            details["channels"] = [{"name": "trade"}, {"name": "audit", "participants": ["supplychain"]}]
        details["chaincodes"] = draw(st.lists(st.sampled_from(CHAINCODES), unique_by=lambda c: c["name"]))
        if details["version"] == "2.2.2":
            details["chaincodes"] = [c for c in details["chaincodes"] if "external" not in c]
    used = {organization["cluster"] for organization in organizations}
    more: dict[str, Any] = {"clusters": [cluster for cluster in CLUSTERS if cluster["name"] in used]}
    if vault:
        more["vault"] = VAULT if platform == "fabric" else NO_CA
    if draw(st.booleans()):
        more["registry"] = REGISTRY
    return network(details, gateway, organizations, **more)
