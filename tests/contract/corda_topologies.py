"""What Bevel's READMEs install for the two Cordas, and shapes that they do not have."""

from __future__ import annotations

from typing import Any

DOMAIN = "test.blockchaincloud.com"
NOTARY = {"name": "supplychain", "cluster": "one", "corda": {"notaries": 1, "nodes": 0}}
NODE = {
    "name": "manufacturer",
    "cluster": "one",
    "subject": "O=Manufacturer,OU=Manufacturer,L=47.38/8.54/Zurich,C=CH",
    "corda": {"nodes": 1},
}
#: Enterprise without a gateway: the README installs a node beside the notary too
WITH_NODE = {**NOTARY, "corda": {"notaries": 1, "nodes": 1}}

APPS = {"jars": ["https://apps.example.com/one.jar"], "username": {"env": "M"}, "password": {"env": "M"}}
#: name, platform, lines of the contract, platform's settings, gateway, organizations, whether with Vault
DOCUMENTED: tuple[tuple[str, str, slice, str, list[dict[str, Any]], bool], ...] = (
    ("corda-none", "corda", slice(0, 5), "none", [NOTARY, NODE], False),
    ("corda-ambassador-vault", "corda", slice(5, 10), "ambassador", [NOTARY, NODE], True),
    ("corda-enterprise-none", "corda-enterprise", slice(0, 7), "none", [WITH_NODE, NODE], False),
    ("corda-enterprise-ambassador-vault", "corda-enterprise", slice(7, 13), "ambassador", [NOTARY, NODE], True),
)

TWO = [
    {"name": "north", "cluster": "east", "corda": {"notaries": 2, "nodes": 1}},
    {"name": "south", "cluster": "west", "corda": {"nodes": 2}},
]
#: name, platform's settings, gateway, organizations, which of (registry, vault, placement)
MORE: tuple[tuple[str, dict[str, Any], str, list[dict[str, Any]], tuple[str, ...]], ...] = (
    (
        "corda-two-clusters",
        {"type": "corda", "version": "4.9", "validating": False, "password": {"env": "P"}, "cordapps": APPS},
        "ambassador",
        [TWO[0], {**TWO[1], "corda": {"notaries": 1, "nodes": 1}}],
        ("registry", "placement"),
    ),
    ("corda-two-clusters-vault", {"type": "corda"}, "ambassador", TWO, ("vault", "registry")),
    ("corda-placed", {"type": "corda"}, "none", TWO[:1], ("vault", "placement")),
    (
        "corda-enterprise-two-clusters",
        {
            "type": "corda-enterprise",
            "images": "registry.example.com/corda",
            "password": {"env": "P"},
            "cordapps": APPS,
            "validating": False,
        },
        "ambassador",
        TWO,
        ("registry", "placement"),
    ),
    ("corda-enterprise-two-clusters-vault", {"type": "corda-enterprise"}, "ambassador", TWO, ("vault", "registry")),
    ("corda-enterprise-placed", {"type": "corda-enterprise"}, "none", TWO[:1], ("vault", "placement")),
)
