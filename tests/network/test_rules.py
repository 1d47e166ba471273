"""Every rule: what it refuses, what it leaves alone, and that any Network can be judged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from bevel_tui.network import ethereum, names
from bevel_tui.network.model import Network
from bevel_tui.network.problem import Problem
from bevel_tui.network.rules import RULES, problems
from bevel_tui.network.rules.corda import unfit
from tests.network.documents import (
    BESU,
    CORDA,
    ENTERPRISE,
    FABRIC,
    INDY,
    QUORUM,
    SUBSTRATE,
    Json,
    change,
    found,
    network,
)
from tests.network.strategies import networks

SERVER: Json = {"name": "asset", "external": {"address": "asset.example.test:7052"}, "version": "1"}
ONE_BESU: Json = change(BESU, ("gateway.type", "none"), ("clusters.1", ...), ("organizations.1", ...))


HOST_TWICE: Json = change(BESU, ("clusters.1.domain", "east.example.test"), ("organizations.1.besu.validators", 1))


def organization(name: str, cluster: str = "east", **more: Any) -> Json:
    return {"name": name, "cluster": cluster, **more}


@pytest.mark.parametrize("document", [BESU, QUORUM, FABRIC, INDY, SUBSTRATE, ONE_BESU])
def test_the_documents_that_these_tests_spoil_have_no_problem(document: Json) -> None:
    assert found(document) == set()


# ---------------------------------------------------------------- platform x gateway x clusters

BASES = {
    "besu": BESU,
    "corda": CORDA,
    "corda-enterprise": ENTERPRISE,
    "fabric": FABRIC,
    "indy": INDY,
    "quorum": QUORUM,
    "substrate": SUBSTRATE,
}
ALL = sorted(BASES)
SERVES = {("fabric", "haproxy"), *((p, "ambassador") for p in ALL if p != "fabric"), *((p, "none") for p in ALL)}


@pytest.mark.parametrize("clusters", [1, 2])
@pytest.mark.parametrize("gateway", ["haproxy", "ambassador", "istio", "none"])
@pytest.mark.parametrize("platform", ALL)
def test_matrix(platform: str, gateway: str, clusters: int) -> None:
    document = change(BASES[platform], ("gateway.type", gateway))
    if platform == "indy" and gateway == "none":
        document = change(document, ("gateway.p2p_ports", "30010-30050"))
    if clusters == 1:
        document = change(document, ("organizations.1.cluster", "east"), ("clusters.1", ...))
    codes = {code for severity, code, _ in found(document) if severity == "error"}
    assert ("gateway-platform" in codes) == ((platform, gateway) not in SERVES)
    assert ("gateway-none-clusters" in codes) == (gateway == "none" and clusters == 2 and platform != "indy")
    assert codes <= {"gateway-platform", "gateway-none-clusters"}


@pytest.mark.parametrize(
    ("document", "gateway", "reason"),
    [
        (FABRIC, "ambassador", "TLS passed through"),
        (FABRIC, "istio", "no chart of Bevel holds an Istio object"),
        (BESU, "istio", "use ambassador"),
        (BESU, "haproxy", "routes for Ambassador only"),
        (BESU, "none", "names inside a cluster mean nothing in another"),
    ],
)
def test_matrix_gives_its_reason(document: Json, gateway: str, reason: str) -> None:
    messages = [p.message for p in problems(network(document, ("gateway.type", gateway)))]
    assert any(reason in m for m in messages)


# ---------------------------------------------------------------- one table: what is changed, what is found

E, W = "error", "warning"
CASES: list[tuple[Json, list[tuple[str, Any]], set[tuple[str, str, str]]]] = [
    # support
    (FABRIC, [("platform.version", "2.2.2")], set()),
    # gateway
    (BESU, [("clusters.1.domain", ...)], {(E, "domain-missing", "clusters[1].domain")}),
    (BESU, [("clusters.1.domain", "east.example.test")], {(E, "domain-duplicate", "clusters[1].domain")}),
    (ONE_BESU, [("clusters.0.domain", ...)], set()),
    (
        ONE_BESU,
        [("clusters.0.existing_gateway", {"namespace": "gw", "service": "gw"})],
        {(E, "existing-gateway-none", "clusters[0].existing_gateway")},
    ),
    (BESU, [("clusters.0.existing_gateway", {"namespace": "gw", "service": "gw"})], set()),
    (
        BESU,
        [("clusters.0.existing_gateway", {"namespace": "gw", "service": "gw", "ingress_class": "x"})],
        {(E, "existing-gateway-class", "clusters[0].existing_gateway.ingress_class")},
    ),
    (
        FABRIC,
        [
            ("clusters.0.existing_gateway", {"namespace": "gw", "service": "gw", "ingress_class": "x"}),
            ("dns", {"mode": "external-dns"}),
        ],
        {(W, "external-dns-existing", "clusters[0].existing_gateway")},
    ),
    (FABRIC, [("dns", {"mode": "external-dns"})], set()),
    (FABRIC, [("gateway.edition", "emissary")], {(W, "edition-unused", "gateway.edition")}),
    (BESU, [("gateway.edition", "emissary")], set()),
    (BESU, [("gateway.edition", "edge-stack")], {(W, "edge-stack-licence", "gateway.edition")}),
    (BESU, [("gateway.p2p_ports", "15050-15010")], {(E, "p2p-range", "gateway.p2p_ports")}),
    (BESU, [("gateway.p2p_ports", "65000-65536")], {(E, "p2p-range", "gateway.p2p_ports")}),
    (BESU, [("gateway.p2p_ports", "0-10")], {(E, "p2p-range", "gateway.p2p_ports")}),
    (BESU, [("gateway.p2p_ports", "8400-8500")], {(E, "p2p-taken", "gateway.p2p_ports")}),
    (BESU, [("gateway.p2p_ports", "15010-15014")], set()),
    (BESU, [("gateway.p2p_ports", "15010-15013")], {(E, "p2p-too-few", "gateway.p2p_ports")}),
    # clusters
    (BESU, [("clusters.2", BESU["clusters"][0] | {"domain": "x.test", "context": "x"})], {
        (E, "cluster-duplicate", "clusters[2].name")
    }),
    (BESU, [("clusters.1.context", "c-east")], {(E, "cluster-same", "clusters[1].context")}),
    (BESU, [("clusters.1.context", "c-east"), ("clusters.1.kubeconfig", "other")], set()),
    (BESU, [("clusters.2", {"name": "north", "context": "n", "domain": "n.test"})], {
        (W, "cluster-unused", "clusters[2].name")
    }),
    (BESU, [("clusters.0.storage", {"parameters": {"a": "b"}})], {
        (E, "storage-parameters", "clusters[0].storage.parameters")
    }),
    (BESU, [("clusters.0.storage", {"class": "x", "parameters": {"a": "b"}})], {
        (E, "storage-parameters", "clusters[0].storage.parameters")
    }),
    (BESU, [("clusters.0.storage", {"provisioner": "x", "parameters": {"a": "b"}})], set()),
    (BESU, [("clusters.0.provider", "digitalocean")], set()),
    # organizations
    (BESU, [("organizations.1.cluster", "wst")], {
        (E, "cluster-unknown", "organizations[1].cluster"),
        (W, "cluster-unused", "clusters[1].name"),
    }),
    (BESU, [("organizations.1.namespace", "kube-system")], {(E, "namespace-reserved", "organizations[1].namespace")}),
    (BESU, [("organizations.1.namespace", "supplychain-bes")], set()),
    (
        BESU,
        [("organizations.1.namespace", "supplychain-bes"), ("organizations.1.cluster", "east")],
        {(E, "namespace-collision", "organizations[1].namespace"), (W, "cluster-unused", "clusters[1].name")},
    ),
    (BESU, [("organizations.1.fabric", {})], {(E, "role-platform", "organizations[1].fabric")}),
    (FABRIC, [("organizations.1.besu", {})], {(E, "role-platform", "organizations[1].besu")}),
    (
        BESU,
        [("organizations.0.managed", False), ("organizations.1.managed", False)],
        {(W, "nothing-managed", "organizations")},
    ),
    # final names
    (BESU, [("organizations.1.name", "o" * 27)], set()),
    (BESU, [("organizations.1.name", "o" * 28)], {(E, "name-too-long", "organizations[1].name")}),
    (BESU, [("organizations.1.namespace", "n" * 63)], set()),
    (BESU, [("clusters.1.domain", ".".join(["d" * 60] * 4))], {(E, "host-too-long", "clusters[1].domain")}),
    (BESU, [("organizations.1.name", "coldstorage")], {(E, "storage-word", "organizations[1].name")}),
    (FABRIC, [("organizations.1.name", "storageco")], {(E, "storage-word", "organizations[1].name")}),
    (
        BESU,
        [
            ("gateway.type", "none"),
            ("clusters.1", ...),
            ("organizations.1.cluster", "east"),
            ("organizations.1.besu.validators", 1),
        ],
        {
            (E, "validators-elsewhere", "organizations[1].besu.validators"),
            (E, "storage-class-collision", "organizations[1].cluster"),
        },
    ),
    (FABRIC, [("organizations.1.cluster", "east"), ("clusters.1", ...)], set()),  # two peer0 in one cluster are fine
    (FABRIC, [("platform.channels", [{"name": "orderer2"}])], {(E, "release-duplicate", "platform.channels[0].name")}),
    (FABRIC, [("platform.channels", [{"name": "genesis"}])], {(E, "release-duplicate", "platform.channels[0].name")}),
    (FABRIC, [("platform.channels", [{"name": "all"}, {"name": "peer0-all"}])], {
        (E, "release-duplicate", "platform.channels[0].name")
    }),
    # besu
    (BESU, [("organizations.0.besu.validators", 0)], {(E, "validators-missing", "organizations[0].besu.validators")}),
    (BESU, [("organizations.0.besu.validators", 3)], {(W, "validators-few", "organizations[0].besu.validators")}),
    (BESU, [("organizations.0.besu.validators", 9)], set()),
    (BESU, [("organizations.0.besu.validators", 10)], {(E, "validators-many", "organizations[0].besu.validators")}),
    (BESU, [("organizations.1.besu.members", 10)], {(E, "members-many", "organizations[1].besu.members")}),
    (BESU, [("organizations.1.besu.members", 0)], {(E, "organization-empty", "organizations[1].besu.members")}),
    (BESU, [("organizations.0.besu.members", 0)], set()),
    (BESU, [("organizations.1.besu.validators", 1)], {
        (E, "validators-elsewhere", "organizations[1].besu.validators")
    }),
    (BESU, [("platform.version", "22.10.2")], {(W, "besu-version", "platform.version")}),
    (BESU, [("platform.version", "latest")], set()),
    (ONE_BESU, [("organizations.0.namespace", "net-validator-1")], {
        (E, "substring-trap", "organizations[0].namespace")
    }),
    (BESU, [("clusters.0.domain", "member-carrier-1.example.test")], {(E, "substring-trap", "clusters[0].domain")}),
    (BESU, [("organizations.2", organization("carrier-1", "west", besu={}))], {
        (E, "substring-trap", "organizations[1].name")
    }),
    (BESU, [("platform.transaction_manager", "tessera")], {(E, "tessera-vault", "platform.transaction_manager")}),
    (ONE_BESU, [("platform.transaction_manager", "tessera")], set()),
    (
        BESU,
        [
            ("platform.transaction_manager", "tessera"),
            ("organizations.1.besu.members", 2),
            ("vault", {"address": "https://v.example.com", "token": {"env": "T"}}),
        ],
        {(W, "tessera-certificate", "organizations[1].besu.members")},
    ),
    # substrate
    (SUBSTRATE, [("organizations.0.substrate.validators", 0)], {
        (E, "validators-missing", "organizations[0].substrate.validators")
    }),
    (SUBSTRATE, [("organizations.1.substrate.validators", 1)], {
        (W, "validators-few", "organizations[0].substrate.validators")
    }),
    (SUBSTRATE, [("organizations.1.substrate.validators", 0), ("organizations.0.substrate.validators", 4)], set()),
    (SUBSTRATE, [("organizations.1.substrate.members", 0)], {
        (E, "validators-alone", "organizations[1].substrate.members")
    }),
    (SUBSTRATE, [("organizations.0.substrate.members", 0)], {
        (E, "validators-alone", "organizations[0].substrate.members")
    }),
    (SUBSTRATE, [
        ("organizations.0.substrate.validators", 4), ("organizations.1.substrate", {"members": 0, "ipfs": 1})
    ], {(E, "ipfs-alone", "organizations[1].substrate.members")}),
    (SUBSTRATE, [
        ("organizations.0.substrate.validators", 4), ("organizations.1.substrate", {"members": 0})
    ], {(E, "organization-empty", "organizations[1].substrate.members")}),
    (SUBSTRATE, [("organizations.1.substrate.ipfs", 1)], {
        (W, "ipfs-clusters", "organizations[1].substrate.ipfs")
    }),
    (SUBSTRATE, [("organizations.1.substrate.ipfs", 1), ("organizations.1.cluster", "east"), ("clusters.1", ...)], set()),
    (SUBSTRATE, [("organizations.1.name", "substrate-node")], {(E, "chart-word", "organizations[1].name")}),
    (SUBSTRATE, [("organizations.1.name", "my-substrate-storage")], {
        (E, "storage-word", "organizations[1].name")
    }),
    (SUBSTRATE, [("organizations.1.name", "storage")], set()),  # another word is the trap here
    (SUBSTRATE, [("organizations.1.name", "a" * 20)], set()),
    (SUBSTRATE, [("organizations.1.name", "a" * 21)], {(E, "name-too-long", "organizations[1].name")}),
    (SUBSTRATE, [("organizations.0.name", "a" * 19)], set()),
    (SUBSTRATE, [("organizations.0.name", "a" * 20)], {(E, "name-too-long", "organizations[0].name")}),  # IPFS
    (SUBSTRATE, [("organizations.1.besu", {})], {(E, "role-platform", "organizations[1].besu")}),
    # quorum
    (QUORUM, [("organizations.0.quorum.validators", 0)], {
        (E, "validators-missing", "organizations[0].quorum.validators")
    }),
    (QUORUM, [("organizations.0.quorum.validators", 3)], {
        (E, "validators-few", "organizations[0].quorum.validators")
    }),
    (QUORUM, [("organizations.0.quorum.validators", 12)], set()),  # hooks remove whole entries: no substring trap
    (QUORUM, [("organizations.1.quorum.validators", 1)], {
        (E, "validators-elsewhere", "organizations[1].quorum.validators")
    }),
    (QUORUM, [("organizations.1.quorum.members", 0)], {(E, "organization-empty", "organizations[1].quorum.members")}),
    (QUORUM, [("organizations.1.besu", {})], {(E, "role-platform", "organizations[1].besu")}),
    (QUORUM, [("platform.consensus", "ibft")], set()),
    (QUORUM, [("platform.consensus", "raft")], {(E, "raft-charts", "platform.consensus")}),
    (QUORUM, [("platform.version", "latest")], {(W, "quorum-version", "platform.version")}),
    (QUORUM, [("organizations.1.name", "coldstorage")], {(E, "storage-word", "organizations[1].name")}),
    # quorum-node-member-<27>-0 and the StatefulSet's 11 more
    (QUORUM, [("organizations.1.name", "o" * 30)], {(E, "name-too-long", "organizations[1].name")}),
    (QUORUM, [("vault", {"address": "https://v.example.com", "token": {"env": "T"}})], {
        (W, "vault-leftovers", "vault")
    }),
    (QUORUM, [("platform.transaction_manager", "tessera")], {(E, "tessera-vault", "platform.transaction_manager")}),
    (
        QUORUM,
        [
            ("platform.transaction_manager", "tessera"),
            ("gateway.type", "none"),
            ("clusters.1", ...),
            ("organizations.1.cluster", "east"),
            ("organizations.0.quorum.members", 10),
            ("organizations.1.quorum.members", 11),
        ],
        {(E, "members-many", "organizations[1].quorum.members")},
    ),
    # fabric
    (FABRIC, [("organizations.1.name", "car-rier")], {(E, "organization-msp", "organizations[1].name")}),
    (FABRIC, [("organizations.1.name", "1carrier")], {(E, "organization-msp", "organizations[1].name")}),
    (FABRIC, [("organizations.1.name", "o" * 12)], set()),
    (FABRIC, [("organizations.1.name", "o" * 13)], {(E, "name-too-long", "organizations[1].name")}),
    (FABRIC, [("organizations.0.fabric.orderers", 0)], {
        (E, "orderers-missing", "organizations[0].fabric.orderers")
    }),
    (FABRIC, [("organizations.0.fabric.orderers", 2)], {(W, "orderers-even", "organizations[0].fabric.orderers")}),
    (FABRIC, [("organizations.0.fabric.orderers", 1)], set()),
    (FABRIC, [("organizations.1.fabric.orderers", 2)], set()),
    (FABRIC, [("organizations.1.fabric.orderers", 1)], {(W, "orderers-even", "organizations[0].fabric.orderers")}),
    (FABRIC, [("organizations.1.fabric", {"orderers": 2, "peers": 0, "ca_admin": {"env": "B"}})], set()),
    (FABRIC, [("organizations.1.fabric.peers", 0)], {(E, "organization-empty", "organizations[1].fabric.peers")}),
    (FABRIC, [("organizations.0.fabric", {
        "orderers": 3, "peers": 0, "cli": True, "users": [{"name": "clerk"}], "ca_admin": {"env": "A"},
    })], {
        (E, "cli-without-peer", "organizations[0].fabric.cli"),
        (E, "users-without-peer", "organizations[0].fabric.users"),
    }),
    (FABRIC, [("organizations.1.fabric.ca_admin", ...)], {(W, "ca-password", "organizations[1].fabric")}),
    (FABRIC, [("organizations.1.fabric.console", True)], {
        (W, "console-password", "organizations[1].fabric.console")
    }),
    (FABRIC, [("organizations.0.fabric.users", [{"name": n} for n in ("clerk", "peer0", "admin", "clerk")])], {
        (E, "user-name", "organizations[0].fabric.users[1].name"),
        (E, "user-name", "organizations[0].fabric.users[2].name"),
        (E, "user-duplicate", "organizations[0].fabric.users[3].name"),
    }),
    (FABRIC, [("platform.channels", [{"name": "a", "creator": "carier"}])], {
        (E, "creator-unknown", "platform.channels[0].creator")
    }),
    (FABRIC, [("platform.channels", [{"name": "a", "creator": "carrier"}])], {
        (W, "creator-unused", "platform.channels[0].creator")
    }),
    (FABRIC, [
        ("platform.version", "2.2.2"),
        ("platform.channels", [{"name": "a", "participants": ["carrier"]}, {"name": "b", "creator": "carrier"}]),
    ], set()),
    (FABRIC, [
        ("platform.version", "2.2.2"),
        ("platform.channels", [{"name": "a", "participants": ["carrier"]}, {"name": "b"}]),
    ], {(E, "channel-consortium", "platform.channels[1].participants")}),
    # chaincodes
    (FABRIC, [("platform.chaincodes", [SERVER])], set()),
    (FABRIC, [("platform.chaincodes", [{**SERVER, "channel": "alchannel"}])], {
        (E, "channel-unknown", "platform.chaincodes[0].channel")
    }),
    (FABRIC, [("platform.chaincodes", [{**SERVER, "organizations": ["carrier", "carrier", "carier"]}])], {
        (E, "organization-duplicate", "platform.chaincodes[0].organizations[1]"),
        (E, "chaincode-organization", "platform.chaincodes[0].organizations[2]"),
        (E, "chaincode-majority", "platform.chaincodes[0].organizations"),
    }),
    (FABRIC, [("platform.chaincodes", [SERVER, SERVER])], {
        (E, "chaincode-duplicate", "platform.chaincodes[1].name")
    }),
    (FABRIC, [("platform.chaincodes", [SERVER, {**SERVER, "name": "my-asset"}])], {
        (E, "chaincode-label", "platform.chaincodes[1].name")
    }),
    (FABRIC, [("platform.chaincodes", [SERVER, {**SERVER, "version": "2", "name": "my-asset"}])], set()),
    (FABRIC, [("platform.chaincodes", [{**SERVER, "version": "1.0", "external": {"image": "a/b:1"}}])], {
        (E, "chaincode-version", "platform.chaincodes[0].version")
    }),
    (FABRIC, [("platform.version", "2.2.2"), ("platform.chaincodes", [SERVER])], {
        (E, "chaincode-external-version", "platform.chaincodes[0].external")
    }),
    (FABRIC, [("platform.chaincodes", [{"name": "asset", "repository": {"url": "github.com/a/b.git"}}])], {
        (W, "chaincode-docker", "platform.chaincodes[0].repository")
    }),
    (FABRIC, [("vault", {"address": "https://v.example.com", "token": {"env": "T"}, "ca": {"file": "ca"}})], set()),
    (BESU, [("vault", {"address": "https://v.example.com", "token": {"env": "T"}, "ca": {"file": "ca"}})], {
        (E, "vault-ca", "vault.ca")
    }),
    (FABRIC, [("organizations.0.fabric.peers", 0), ("organizations.1.fabric.peers", 0)], {
        (E, "channel-empty", "organizations"),
        (E, "organization-empty", "organizations[1].fabric.peers"),
    }),
    (FABRIC, [("platform.channels", [{"name": "a"}, {"name": "b", "participants": ["carrier"]}])], set()),
    (FABRIC, [("platform.channels", [{"name": "a"}, {"name": "a"}])], {
        (E, "channel-duplicate", "platform.channels[1].name"),
        (E, "release-duplicate", "platform.channels[1].name"),
    }),
    (FABRIC, [("platform.channels", [{"name": "a", "participants": ["carrier", "carier", "carrier"]}])], {
        (E, "participant-unknown", "platform.channels[0].participants[1]"),
        (E, "participant-duplicate", "platform.channels[0].participants[2]"),
    }),
    (
        FABRIC,
        [
            ("organizations.0.fabric.peers", 0),
            ("platform.channels", [{"name": "a", "participants": ["supplychain"]}]),
        ],
        {(E, "participant-without-peer", "platform.channels[0].participants[0]")},
    ),
    # settings
    (BESU, [("dns", {"mode": "rfc2136"})], {(E, "rfc2136-missing", "dns.mode")}),
    (BESU, [("clusters.1.dns", "rfc2136")], {(E, "rfc2136-missing", "clusters[1].dns")}),
    (BESU, [("dns", {"rfc2136": {"server": "s", "key_name": "k", "key": {"env": "K"}}})], {
        (W, "rfc2136-unused", "dns.rfc2136")
    }),
    (BESU, [("dns", {"mode": "rfc2136", "rfc2136": {"server": "s", "key_name": "k", "key": {"env": "K"}}})], set()),
    (BESU, [("dns", {"external_dns": {"provider": "aws"}})], {(W, "external-dns-unused", "dns.external_dns")}),
    (BESU, [("dns", {"mode": "external-dns", "external_dns": {"provider": "aws"}})], set()),
    (BESU, [("dns", {"mode": "external-dns", "external_dns": {"provider": "rfc2136"}})], {
        (E, "external-dns-server", "dns.external_dns.args")
    }),
    (BESU, [("dns", {"mode": "external-dns", "external_dns": {"provider": "aws", "args": ["--events", "--policy=sync"]}})], {
        (E, "external-dns-argument", "dns.external_dns.args[0]"), (E, "external-dns-argument", "dns.external_dns.args[1]")
    }),
    (BESU, [("dns", {"mode": "external-dns", "external_dns": {"provider": "rfc2136", "args": [
        "--rfc2136-host=ns1", "--rfc2136-zone=example.com", "--rfc2136-insecure"
    ]}})], set()),
    (BESU, [("dns", {"resolvers": ["127.0.0.1", "127.0.0.1:5353", "::1", "[::1]:53"]})], set()),
    (BESU, [("dns", {"resolvers": ["dns.example", "1.2.3", "1.2.3.4:x", "1.2.3.4:70000", "[::1]x", "[::1"]})], {
        (E, "resolver", f"dns.resolvers[{i}]") for i in range(5)
    }),
    (BESU, [("vault", {"address": "http://localhost:8200", "token": {"env": "T"}})], {
        (E, "vault-localhost", "vault.address")
    }),
    (BESU, [("vault", {"address": "http://127.1.2.3", "token": {"env": "T"}})], {
        (E, "vault-localhost", "vault.address")
    }),
    (BESU, [("vault", {"address": "http://[::1]:8200", "token": {"env": "T"}})], {
        (E, "vault-localhost", "vault.address")
    }),
    (BESU, [("vault", {"address": "https://[", "token": {"env": "T"}})], {(E, "vault-address", "vault.address")}),
    (BESU, [("vault", {"address": "https://v.example.com", "token": {"env": "T"}})], set()),
    (BESU, [("vault", {"address": "https://v.test", "token": {"env": "T"}, "kubernetes_urls": {"wst": "https://x"}})], {
        (E, "cluster-unknown", "vault.kubernetes_urls.wst")
    }),
    (BESU, [("vault", {"address": "https://u:p@v.example.com", "token": {"env": "T"}})], {
        (E, "secret-in-url", "vault.address")
    }),
    (BESU, [("charts", {"ledger": {"repository": "https://u:p@v.example.com"}})], {
        (E, "secret-in-url", "charts.ledger.repository")
    }),
    # indy
    (INDY, [("organizations.0.indy", {"endorser": True})], {(E, "trustee-missing", "organizations[0].indy.trustee")}),
    (INDY, [("organizations.1.indy.stewards", 3)], {(E, "stewards-few", "organizations")}),
    (INDY, [("organizations.0.indy.stewards", 1), ("organizations.1.indy.stewards", 3)], set()),
    (INDY, [("organizations.2", organization("idle"))], {(E, "organization-empty", "organizations[2].indy")}),
    (INDY, [("organizations.1.name", "western-union")], {(E, "identity-word", "organizations[1].name")}),
    (INDY, [("organizations.1.name", "a--b")], {(E, "identity-word", "organizations[1].name")}),
    (INDY, [("organizations.1.name", "reunion")], set()),
    (INDY, [("clusters.1.domain", "west.example.test")], {(W, "domain-unused", "clusters[1].domain")}),
    (INDY, [("clusters.1.provider", "aws")], {(W, "address-aws", "clusters[1].public_ip")}),
    (INDY, [("clusters.0.provider", "aws")], set()),
    (INDY, [("clusters.1.provider", "aws"), ("clusters.1.public_ip", "192.0.2.1")], set()),
    (INDY, [("clusters.0.public_ip", "192.0.2.1"), ("clusters.1.public_ip", "192.0.2.1")], {
        (E, "public-ip-duplicate", "clusters[1].public_ip")
    }),
    (BESU, [("clusters.0.public_ip", "192.0.2.1")], {(W, "public-ip-unused", "clusters[0].public_ip")}),
    (INDY, [("gateway", {"type": "none", "p2p_ports": "30010-30017"})], {
        (W, "address-of-node", "clusters[1].public_ip")
    }),
    (INDY, [("gateway", {"type": "none", "p2p_ports": "30010-30017"}), ("clusters.1.provider", "kind")], set()),
    (INDY, [("gateway", {"type": "none"}), ("clusters.1.provider", "kind")], {
        (E, "node-port-range", "gateway.p2p_ports")
    }),
    (INDY, [("gateway.p2p_ports", "15010-15016")], {(E, "p2p-too-few", "gateway.p2p_ports")}),
    (INDY, [("gateway", {"type": "none", "p2p_ports": "32761-32767"}), ("clusters.1.provider", "kind")], {
        (E, "p2p-too-few", "gateway.p2p_ports")
    }),
    (ONE_BESU, [("clusters.0.gateway_annotations", {"a": "b"})], {
        (W, "annotations-unused", "clusters[0].gateway_annotations")
    }),
    # corda
    (CORDA, [("organizations.0.corda.notaries", 0)], {(E, "notary-missing", "organizations[0].corda.notaries")}),
    (CORDA, [("organizations.0.corda.notaries", 0), ("organizations.1.corda.notaries", 1)], set()),
    (ENTERPRISE, [("organizations.1.corda.notaries", 1)], {
        (E, "notaries-elsewhere", "organizations[1].corda.notaries")
    }),
    (CORDA, [("organizations.1.corda.nodes", 0)], {(E, "organization-empty", "organizations[1].corda.nodes")}),
    (CORDA, [("organizations.1.subject", "O=Maker,C=CH")], {(E, "legal-name", "organizations[1].subject")}),
    (CORDA, [("organizations.1.name", "3m")], {(E, "legal-name", "organizations[1].name")}),
    (CORDA, [
        ("organizations.0.corda.nodes", 1),
        ("organizations.0.subject", "O=One,L=Zurich,C=CH"),
        ("organizations.1.subject", "C=CH,O=One,L=Zurich"),
    ], {(E, "legal-name-duplicate", "organizations[1].subject")}),
    (CORDA, [("clusters.1.domain", "a-rather-long-name-for-a-domain.west.example.test")], {
        (E, "certificate-name", "clusters[1].domain")
    }),
    (CORDA, [
        ("clusters.1.domain", "a-rather-long-name-for-a-domain.west.example.test"),
        ("clusters.0", ...),
        ("organizations.0.cluster", "west"),
        ("gateway.type", "none"),
    ], set()),
    (CORDA, [("vault", {"address": "https://vault.test:8200", "token": {"env": "T"}, "ca": {"file": "ca.pem"}})], {
        (E, "vault-ca", "vault.ca")
    }),
    (ENTERPRISE, [("registry", ...)], {(W, "licensed-images", "registry")}),
    (CORDA, [("organizations.1.name", "an-organization-of-thirty-sign")], {
        (E, "name-too-long", "organizations[1].name"),
    }),
    (CORDA, [("gateway.p2p_ports", "15010-15010"), ("organizations.0.corda.nodes", 1)], {
        (E, "p2p-too-few", "gateway.p2p_ports")
    }),
    (ENTERPRISE, [("organizations.1.fabric", {})], {(E, "role-platform", "organizations[1].fabric")}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), [("trustee", 2), ("endorser", 2), ("stewards", -1), ("trustees", 1)])
def test_an_organization_has_one_trustee_and_one_endorser_at_most(field: str, value: int) -> None:
    """facts A4.3: the format leaves no room for more."""
    with pytest.raises(ValueError, match=field):
        network(INDY, (f"organizations.1.indy.{field}", value))


def test_the_words_that_the_key_generator_refuses_are_named() -> None:
    (problem,) = problems(network(INDY, ("organizations.1.name", "update")))
    assert "`update`" in problem.message


@pytest.mark.parametrize(("document", "changes", "expected"), CASES)
def test_rule(document: Json, changes: list[tuple[str, Any]], expected: set[tuple[str, str, str]]) -> None:
    assert found(document, *changes) == expected


def test_duplicate_organizations() -> None:
    twice = change(BESU, ("organizations.2", organization("carrier", "east", besu={})))
    assert (E, "organization-duplicate", "organizations[2].name") in found(twice)


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        ("O=Maker,OU=Sales,L=47.38/8.54/Zurich,C=CH", None),
        ("CN=Node,O=Maker,L=Zurich,ST=ZH,C=CH", None),
        ("O=Maker,L=Zurich,C=ch", "two capital letters"),
        ("O=maker,L=Zurich,C=CH", "capital letter"),
        ("O=M,L=Zurich,C=CH", "two letters"),
        ("O=Maker,L=Zurich", "needs C"),
        ("O=Maker,L=Zurich,C=CH,DC=example", "cannot hold DC"),
        ("O=Maker,O=Other,L=Zurich,C=CH", "O once"),
        ("O=Maker's,L=Zurich,C=CH", "a character"),
        ("O=Ma  ker,L=Zurich,C=CH", "blanks"),
        (f"O=M{'a' * 64},L=Zurich,C=CH", "more than 64"),
    ],
)
def test_legal_names(subject: str, reason: str | None) -> None:
    answer = unfit(subject)
    assert (reason in answer) if reason and answer else (reason, answer) == (None, None)


def test_every_rule_is_seen_to_find_something() -> None:
    """A rule that no case above sets off would be untested."""
    judged = [network(d, *c) for d, c, _ in CASES]
    judged.append(network(change(CORDA, ("gateway.type", "istio"))))
    judged.append(network(change(BESU, ("gateway.type", "none"))))
    judged.append(network(change(BESU, ("organizations.2", organization("carrier", "west", besu={})))))
    judged.append(network(HOST_TWICE))
    silent = [f"{rule.__module__}.{rule.__qualname__}" for rule in RULES if not any(list(rule(n)) for n in judged)]
    assert silent == []


def test_host_collision() -> None:
    """Hosts lack the namespace, so twice the same validators under one domain are twice the same names."""
    assert (E, "host-collision", "organizations[1].name") in found(HOST_TWICE)


def test_substring_trap_says_who_loses_whom() -> None:
    two = network(change(BESU, ("organizations.2", organization("carrier-1", "west", besu={}))))
    (problem,) = problems(two)
    assert "member-carrier-1 of carrier occurs in its release name member-carrier-1-1" in problem.message
    assert "would drop member-carrier-1-1 of carrier-1" in problem.message


def test_default_nodes_are_judged_where_the_preset_says_nothing() -> None:
    assert (E, "validators-missing", "organizations[0].besu.validators") in found(
        change(BESU, ("organizations.0.besu", ...))
    )


def test_errors_come_before_warnings() -> None:
    many = problems(
        network(
            change(
                BESU,
                ("organizations.0.besu.validators", 2),
                ("vault", {"address": "http://localhost", "token": {"env": "T"}}),
            )
        )
    )
    assert [p.severity for p in many] == ["error", "warning"]


@given(networks())
def test_any_network_can_be_judged_and_paths_lead_into_it(network: Network) -> None:
    document = network.model_dump(by_alias=True)
    for problem in problems(network):
        assert isinstance(problem, Problem)
        assert problem.message
        assert "None" not in problem.message
        node: Any = document
        for part in problem.path:
            if node is None or part not in (node if isinstance(node, dict) else range(len(node))):
                assert problem.path[0] == "organizations", problem  # role blocks may be absent
                break
            node = node[part]


@given(networks())
def test_no_release_name_occurs_in_another_enode_unless_reported(network: Network) -> None:
    """The property behind the names of Besu releases (SUBSTRING TRAP)."""
    if network.platform.type != "besu" or any(p.severity == "error" for p in problems(network)):
        return
    nodes = [(o, r) for o, r in names.nodes(network) if r.chart == "besu-node"]
    for o, r in nodes:
        for other, victim in nodes:
            if (o.name, r.name) != (other.name, victim.name):
                for address in ethereum.enode_addresses(network, other, victim, names.p2p_ports(network)):
                    assert r.name not in f"enode://@{address}"


def test_a_network_of_the_largest_size_is_judged_quickly() -> None:
    """Quadratic rules must bear the most that the models accept; pytest's timeout is the limit."""
    big = change(
        BESU,
        ("gateway.p2p_ports", "10000-20000"),
        ("organizations", [organization(f"org{i}", "east", besu={"members": 9}) for i in range(100)]),
    )
    codes = {p.code for p in problems(network(big))}
    assert codes == {"validators-missing", "cluster-unused"}
