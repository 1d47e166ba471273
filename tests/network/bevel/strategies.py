"""Networks that the rules allow, of every platform, with something in all places that a network.yaml has or lacks."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

GATEWAYS = {"fabric": ["haproxy", "none"], "indy": ["ambassador", "none"]}
NAMES = ("supplychain", "carrier", "store")
SECRETS = st.sampled_from([{"env": "MY_SECRET"}, {"file": "/run/secret"}])


def _maybe(optional: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=optional)


CORDAPPS = st.fixed_dictionaries(
    {"jars": st.just(["https://apps.example.com/one.jar"]), "username": SECRETS, "password": SECRETS}
)
PLATFORMS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "besu": {
        "version": st.sampled_from(["22.10.2", "23.10.2"]),
        "consensus": st.sampled_from(["qbft", "ibft2", "clique"]),
        "chain_id": st.integers(1, 9999),
        "block_period": st.integers(1, 20),
        "transaction_manager": st.sampled_from(["none", "tessera"]),
        "bootnodes": st.booleans(),
        "account_password": SECRETS,
    },
    "quorum": {
        "version": st.sampled_from(["24.4.1", "22.7.1"]),
        "consensus": st.sampled_from(["qbft", "ibft"]),
        "chain_id": st.integers(1, 9999),
        "transaction_manager": st.sampled_from(["none", "tessera"]),
        "account_password": SECRETS,
    },
    "fabric": {"version": st.sampled_from(["2.2.2", "2.5.4"])},
    "indy": {"version": st.sampled_from(["1.11.0", "1.12.6"])},
    "corda": {
        "version": st.sampled_from(["4.7", "4.9", "4.10"]),
        "validating": st.booleans(),
        "password": SECRETS,
        "cordapps": CORDAPPS,
    },
    "corda-enterprise": {
        "images": st.just("registry.example.com/corda"),
        "validating": st.booleans(),
        "password": SECRETS,
        "cordapps": CORDAPPS,
    },
    "substrate": {"version": st.sampled_from(["latest", "v4.3.1", "v9"]), "chain": st.just("trade")},
}
CHAINCODE = st.fixed_dictionaries(
    {"name": st.sampled_from(["assets", "cc-two"])},
    optional={
        "version": st.sampled_from(["1", "2", "1.0"]),
        "sequence": st.integers(1, 9),
        "init": st.lists(st.sampled_from(["init", "", "a b"]), min_size=1, max_size=3),
        "endorsement": st.just("OR('supplychainMSP.peer')"),
        "lang": st.sampled_from(["golang", "node"]),
    },
)


def _roles(platform: str, first: bool) -> st.SearchStrategy[dict[str, Any]]:
    match platform:
        case "besu" | "quorum":
            return st.fixed_dictionaries(
                {"validators": st.just(4 if first else 0), "members": st.integers(0 if first else 1, 2)}
            )
        case "fabric":
            user = st.fixed_dictionaries({"name": st.just("clerk")}, optional={"attributes": st.just({"dept": "on"})})
            return st.fixed_dictionaries(
                {"orderers": st.just(3 if first else 0), "peers": st.integers(1, 2)},
                optional={
                    "cli": st.booleans(),
                    "console": st.booleans(),
                    "users": st.lists(user, max_size=1),
                    "ca_admin": SECRETS,
                },
            )
        case "indy":
            return st.fixed_dictionaries(
                {
                    "trustee": st.just(True) if first else st.booleans(),
                    "endorser": st.booleans(),
                    "stewards": st.integers(4, 5) if first else st.integers(1, 2),
                }
            )
        case "substrate":
            return st.fixed_dictionaries(
                {
                    "validators": st.integers(1 if first else 0, 4),
                    "members": st.integers(1, 2),
                    "ipfs": st.integers(0, 1),
                }
            )
        case _:
            return st.fixed_dictionaries(
                {"notaries": st.integers(1, 2) if first else st.just(0), "nodes": st.integers(0 if first else 1, 2)}
            )


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Preset documents as plain data; nearly all of them are allowed."""
    platform = draw(st.sampled_from(sorted(PLATFORMS)))
    gateway = draw(st.sampled_from(GATEWAYS.get(platform, ["ambassador", "none"])))
    count = draw(st.integers(1, 3))
    several = gateway != "none" or platform == "indy"
    clusters = []
    for i in range(draw(st.integers(1, count)) if several else 1):
        more = {
            "kubeconfig": st.just("/home/me/config"),
            "provider": st.sampled_from(["aws", "azure", "minikube", "kind", "other"]),
            "gateway_annotations": st.just({"a": "b"}),
            "dns": st.just("skip"),
        }
        if platform == "indy":
            more["public_ip"] = st.just(f"192.0.2.{i + 1}")
        cluster = {
            "name": f"c{i}",
            "context": draw(st.sampled_from(["ctx", "admin@kube"])) + str(i),
            **draw(_maybe(more)),
        }
        if gateway != "none" and platform != "indy":
            cluster["domain"] = f"c{i}.example.com"
        clusters.append(cluster)
    field = {"corda-enterprise": "corda"}.get(platform, platform)
    organizations = []
    for i, name in enumerate(NAMES[:count]):
        more = {
            "subject": st.just(f"O=Big {name.capitalize()},L=Bern,C=CH"),
            "namespace": st.just(f"{name}-own"),
            "managed": st.just(False),
            "state": st.just("existing"),
        }
        place = clusters[min(i, len(clusters) - 1)]["name"]
        roles = {field: draw(_roles(platform, i == 0))}
        organizations.append({"name": name, "cluster": place, **roles, **draw(_maybe(more))})
    found = {
        "apiVersion": "bevel-tui/v1",
        "kind": "Network",
        "name": draw(st.sampled_from(["net", "my-net"])),
        "platform": {"type": platform, **draw(_maybe(PLATFORMS[platform]))},
        "gateway": {"type": gateway},
        "clusters": clusters,
        "organizations": organizations,
    }
    if platform == "indy" and gateway == "none":
        found["gateway"]["p2p_ports"] = "30100-30150"
    else:
        found["gateway"] |= draw(_maybe({"p2p_ports": st.just("15000-15099")}))
    if platform == "fabric":
        found["platform"] |= draw(_fabric([o["name"] for o in organizations]))
    vault = st.fixed_dictionaries(
        {"address": st.just("https://v.example.com:8200"), "token": SECRETS}, optional={"secret_engine": st.just("kv")}
    )
    login = st.fixed_dictionaries(
        {
            "server": st.sampled_from(["ghcr.io", "registry.example.com", "localhost:5000"]),
            "username": SECRETS,
            "password": SECRETS,
        }
    )
    more = {
        "dns": st.sampled_from([{"mode": "external-dns"}, {"mode": "skip"}, {"ttl": 60}]),
        "vault": vault,
        "registry": login,
        "probe": st.just({"retry": 5.0}),
        "placement": st.just({"node_selector": {"a": "b"}}),
    }
    return {**found, **draw(_maybe(more))}


@st.composite
def _fabric(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    channels = []
    for name in draw(st.lists(st.sampled_from(["allchannel", "trade", "on"]), max_size=2, unique=True)):
        some = draw(st.lists(st.sampled_from(names), unique=True, max_size=3))
        creator = {"creator": draw(st.sampled_from(some))} if some and draw(st.booleans()) else {}
        channels.append({"name": name, "participants": some, **creator})
    chaincodes = draw(st.lists(CHAINCODE, max_size=2, unique_by=lambda c: c["name"]))
    for chaincode in chaincodes:
        kinds = [
            {"external": {"image": "ghcr.io/x/y:1"}},
            {"external": {"address": "cc.example.com:9999"}},
            {"repository": {"url": "github.com/x/y.git", "branch": "on", "path": "a/b"}},
            {"repository": {"url": "github.com/x/y.git", "username": "me", "password": {"env": "TOKEN"}}},
        ]
        chaincode.update(draw(st.sampled_from(kinds)))
    return {"channels": channels, "chaincodes": chaincodes}
