"""docs/presets.md tells of every field, and its example works."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bevel_tui.network import shipped
from bevel_tui.network.load import parse_document
from bevel_tui.network.schema import schema

TEXT = (Path(__file__).parents[2] / "docs" / "presets.md").read_text(encoding="utf-8")

#: model -> heading of its table; a platform to come has nothing to tell yet but its type
HEADINGS = {
    "": "The document",
    "Besu": "platform: Besu",
    "Quorum": "platform: GoQuorum",
    "Fabric": "platform: Fabric",
    "Channel": "platform.channels[]",
    "Chaincode": "platform.chaincodes[]",
    "Repository": "platform.chaincodes[].repository",
    "ExternalChaincode": "platform.chaincodes[].external",
    "Indy": "platform: Indy",
    "Corda": "platform: Corda",
    "CordaEnterprise": "platform: Corda Enterprise",
    "CordApps": "platform.cordapps",
    "Substrate": "platform: Substrate",
    "Gateway": "gateway",
    "Cluster": "clusters[]",
    "Storage": "clusters[].storage",
    "ExistingGateway": "clusters[].existing_gateway",
    "Organization": "organizations[]",
    "BesuRoles": "organizations[].besu",
    "QuorumRoles": "organizations[].quorum",
    "FabricRoles": "organizations[].fabric",
    "FabricUser": "organizations[].fabric.users[]",
    "IndyRoles": "organizations[].indy",
    "CordaRoles": "organizations[].corda",
    "SubstrateRoles": "organizations[].substrate",
    "Dns": "dns",
    "Rfc2136": "dns.rfc2136",
    "ExternalDns": "dns.external_dns",
    "Charts": "charts",
    "ChartSource": "charts.ledger, charts.gateways",
    "Registry": "registry",
    "Vault": "vault",
    "Placement": "placement",
    "Toleration": "placement.tolerations[]",
    "Probe": "probe",
    "SecretRef": "Secret references",
}
MODELS = {"": schema(), **schema()["$defs"]}


def section(heading: str) -> str:
    return TEXT.partition(f"\n### {heading}\n")[2].partition("\n### ")[0]


def rows(heading: str) -> dict[str, str]:
    """Field -> the rest of its row."""
    return dict(re.findall(r"^\| `(\w+)` \|(.*)\|$", section(heading), re.MULTILINE))


def test_every_model_has_a_table() -> None:
    silent = {name for name, model in MODELS.items() if set(model["properties"]) == {"type"}}
    assert set(MODELS) - silent == set(HEADINGS)


@pytest.mark.parametrize(("model", "heading"), HEADINGS.items())
def test_every_field_has_a_row_with_its_choices_and_default(model: str, heading: str) -> None:
    fields, told = MODELS[model]["properties"], rows(heading)
    assert list(told) == list(fields)
    for name, field in fields.items():
        choices = [c for part in (field, *field.get("anyOf", [])) for c in part.get("enum", [])]
        assert [c for c in choices if f"`{c}`" not in told[name]] == []
        assert ("required" in told[name].split("|")[1]) == (name in MODELS[model].get("required", []))
        if isinstance(field.get("default"), str | int) and not isinstance(field["default"], bool):
            assert f"`{field['default']}`" in told[name]


def test_every_shipped_preset_is_named() -> None:
    assert [name for name in shipped.names() if f"`{name}`" not in TEXT] == []


def test_the_example_has_no_problem() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert parse_document(example).warnings == ()
