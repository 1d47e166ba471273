"""Networks of every shape that the models accept, sensible or not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bevel_tui.network.model import Network

NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
LABELS = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=2, max_size=4).map(".".join)
#: texts that YAML likes to misread among them
TEXTS = st.one_of(
    st.sampled_from(
        [
            "yes",
            "no",
            "on",
            "null",
            "~",
            "012",
            "0o17",
            "0x1F",
            "1e3",
            "12:30",
            "1_000",
            ".inf",
            "=",
            "<<",
            "2001-01-01",
            "#c",
            "'",
            "@x",
            "%",
            "!t",
            "&a",
            "*a",
            "{",
            "é☃🙂",
        ]
    ),
    st.sampled_from(["- a", "a: b", " x ", "a\nb", "\t", '"']),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
)
SECRETS = st.one_of(
    st.builds(lambda v: {"env": v}, st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True)),
    st.builds(lambda v: {"file": v}, TEXTS),
)


def _some(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


def _source() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(lambda v: {"path": v}, TEXTS),
        st.just({"repository": "https://charts.example.com", "digests": {"besu-node": "sha256:" + "0" * 64}}),
        st.just({"oci": "oci://registry.example.com/charts"}),
    )


def _cordapps() -> st.SearchStrategy[dict[str, Any]]:
    jars = st.just(["https://apps.example.com/one.jar"])
    return _some({"jars": jars, "username": SECRETS, "password": SECRETS}, {})


def _platform() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        _some(
            {"type": st.just("besu")},
            {
                "version": st.sampled_from(["23.10.2", "22.10.2", "latest"]),
                "consensus": st.sampled_from(["qbft", "ibft2", "clique"]),
                "chain_id": st.integers(1, 10**9),
                "block_period": st.integers(1, 60),
                "transaction_manager": st.sampled_from(["none", "tessera"]),
                "bootnodes": st.booleans(),
                "account_password": SECRETS,
            },
        ),
        _some(
            {"type": st.just("quorum")},
            {
                "version": st.sampled_from(["24.4.1", "latest"]),
                "consensus": st.sampled_from(["qbft", "ibft", "raft"]),
                "network_id": st.integers(1, 10**9),
                "transaction_manager": st.sampled_from(["none", "tessera"]),
                "account_password": SECRETS,
            },
        ),
        _some(
            {"type": st.just("fabric")},
            {
                "version": st.sampled_from(["2.2.2", "2.5.4"]),
                "channels": st.lists(
                    _some(
                        {"name": st.from_regex(r"[a-z]([a-z0-9-]{0,9}[a-z0-9])?", fullmatch=True)},
                        {"participants": st.lists(NAMES, max_size=3)},
                    ),
                    max_size=3,
                ),
            },
        ),
        _some({"type": st.just("substrate")}, {"chain": st.sampled_from(["inteli", "trade-net"])}),
        _some({"type": st.just("indy")}, {"version": st.sampled_from(["1.11.0", "1.12.6"])}),
        _some({"type": st.just("corda")}, {"validating": st.booleans(), "password": SECRETS, "cordapps": _cordapps()}),
        _some(
            {"type": st.just("corda-enterprise")},
            {"images": st.just("registry.example.com/corda"), "password": SECRETS, "cordapps": _cordapps()},
        ),
    )


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Preset documents as plain data."""
    clusters = draw(
        st.lists(
            _some(
                {"name": NAMES, "context": TEXTS},
                {
                    "kubeconfig": TEXTS,
                    "domain": DOMAINS,
                    "provider": st.sampled_from(["aws", "kind", "other"]),
                    "storage": st.one_of(
                        st.builds(
                            lambda p, q: {"provisioner": p, "parameters": q}, TEXTS, st.dictionaries(TEXTS, TEXTS)
                        ),
                        st.builds(lambda c: {"class": c}, TEXTS),
                    ),
                    "existing_gateway": _some({"namespace": NAMES, "service": NAMES}, {"ingress_class": NAMES}),
                    "gateway_annotations": st.dictionaries(TEXTS, TEXTS),
                    "public_ip": st.sampled_from(["192.0.2.1", "203.0.113.255"]),
                    "dns": st.sampled_from(["manual", "external-dns", "rfc2136", "skip"]),
                },
            ),
            min_size=1,
            max_size=4,
        )
    )
    places = st.one_of(st.sampled_from([c["name"] for c in clusters]), NAMES)
    organizations = draw(
        st.lists(
            _some(
                {"name": NAMES, "cluster": places},
                {
                    "namespace": NAMES,
                    "managed": st.booleans(),
                    "state": st.sampled_from(["new", "existing"]),
                    "subject": st.just("O=Carrier,C=GB"),
                    "besu": _some({}, {"validators": st.integers(0, 12), "members": st.integers(0, 12)}),
                    "quorum": _some({}, {"validators": st.integers(0, 12), "members": st.integers(0, 12)}),
                    "corda": _some({}, {role: st.integers(0, 5) for role in ("notaries", "nodes")}),
                    "substrate": _some({}, {role: st.integers(0, 5) for role in ("validators", "members", "ipfs")}),
                    "indy": _some(
                        {}, {"trustee": st.booleans(), "endorser": st.booleans(), "stewards": st.integers(0, 5)}
                    ),
                    "fabric": _some(
                        {},
                        {
                            "orderers": st.integers(0, 5),
                            "peers": st.integers(0, 3),
                            "cli": st.booleans(),
                            "ca_admin": SECRETS,
                        },
                    ),
                },
            ),
            min_size=1,
            max_size=4,
        )
    )
    return draw(
        _some(
            {
                "apiVersion": st.just("bevel-tui/v1"),
                "kind": st.just("Network"),
                "name": NAMES,
                "platform": _platform(),
                "gateway": _some(
                    {"type": st.sampled_from(["haproxy", "ambassador", "istio", "none"])},
                    {
                        "edition": st.sampled_from(["emissary", "edge-stack"]),
                        "p2p_ports": st.sampled_from(["15010-15050", "15010-15011", "20-10", "0-99999", "70-90"]),
                    },
                ),
                "clusters": st.just(clusters),
                "organizations": st.just(organizations),
            },
            {
                "dns": _some(
                    {},
                    {
                        "mode": st.sampled_from(["manual", "external-dns", "rfc2136", "skip"]),
                        "resolvers": st.lists(TEXTS, max_size=2),
                        "ttl": st.integers(1, 86400),
                        "rfc2136": _some({"server": TEXTS, "key_name": TEXTS, "key": SECRETS}, {}),
                    },
                ),
                "charts": _some({}, {"ledger": _source(), "gateways": _source()}),
                "registry": _some({"server": TEXTS, "username": SECRETS, "password": SECRETS}, {"pull_secret": NAMES}),
                "vault": _some(
                    {
                        "address": st.sampled_from(
                            ["https://v.example.com:8200", "http://localhost", "https://[", "http://"]
                        ),
                        "token": SECRETS,
                    },
                    {"ca": SECRETS, "kubernetes_urls": st.dictionaries(NAMES, TEXTS, max_size=2)},
                ),
                "placement": _some(
                    {},
                    {
                        "node_selector": st.dictionaries(TEXTS, TEXTS, max_size=2),
                        "tolerations": st.lists(
                            _some({}, {"key": TEXTS, "operator": st.sampled_from(["Exists", "Equal"]), "value": TEXTS}),
                            max_size=2,
                        ),
                    },
                ),
                "probe": _some(
                    {},
                    {"timeout": st.floats(0.001, 300, allow_nan=False), "retry": st.floats(0, 3600, allow_nan=False)},
                ),
            },
        )
    )


def networks() -> st.SearchStrategy[Network]:
    """Networks that the models accept; most of them break some rule."""
    return documents().map(Network.model_validate)
