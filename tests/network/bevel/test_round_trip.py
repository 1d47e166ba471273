"""A Network that is written as network.yaml and read again is the same, but for what the writer says is lost."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, Phase, assume, given, settings

from bevel_tui.network import load, rules, shipped
from bevel_tui.network.bevel.exporting import write
from bevel_tui.network.bevel.importing import canonical, read
from bevel_tui.network.model import (
    BesuRoles,
    CordaRoles,
    FabricRoles,
    IndyRoles,
    Network,
    QuorumRoles,
    SubstrateRoles,
)
from bevel_tui.network.problem import YamlPath

from .strategies import documents

ROOT = Path(__file__).parents[3]
SCHEMA = Path(os.environ.get("BEVEL_NETWORK_SCHEMA") or ROOT.parent / "shared" / "bevel" / "network-schema.json")


def validator() -> jsonschema.Draft7Validator | None:
    if not SCHEMA.is_file():
        return None
    return jsonschema.Draft7Validator(json.loads(SCHEMA.read_text()))


VALIDATOR = validator()


def differences(one: Any, other: Any, path: YamlPath = ()) -> Iterator[YamlPath]:
    """Where two plain documents differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from differences(one.get(key), other.get(key), (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from differences(a, b, (*path, i))
    elif one != other:
        yield path


ROLES = {
    "besu": BesuRoles(),
    "quorum": QuorumRoles(),
    "fabric": FabricRoles(),
    "indy": IndyRoles(),
    "corda": CordaRoles(),
    "substrate": SubstrateRoles(),
}


def plain(network: Network) -> Any:
    """The Network as plain data, default node counts written out."""
    found = canonical(network).model_dump(mode="json", by_alias=True)
    field = "corda" if network.platform.type == "corda-enterprise" else network.platform.type
    for organization in found["organizations"]:
        organization[field] = organization[field] or ROLES[field].model_dump(mode="json")
    return found


def check(network: Network) -> None:
    exported = write(network)
    assert exported == write(network), "the same Network is written otherwise"
    if VALIDATOR is not None:
        found = [f"{list(e.path)}: {e.message}" for e in VALIDATOR.iter_errors(yaml.safe_load(exported.text))]
        assert not found
    imported = read(exported.text)
    lost = [p.path for p in exported.lost if p.code == "not-in-network-yaml"]
    assert [n for n in imported.notes if n.kind in ("unknown", "fill-in")] == []
    stray = [
        path
        for path in differences(plain(network), plain(imported.network))
        if not any(path[: len(at)] == at for at in lost)
    ]
    assert not stray
    again = write(imported.network)
    assert read(again.text).network == imported.network, "what was read once does not stay the same"


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # documents are small; shrinking them takes minutes
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(documents())
def test_what_is_written_is_read_again(document: dict[str, Any]) -> None:
    network = Network.model_validate(document)
    assume(not any(p.severity == "error" for p in rules.problems(network)))
    check(network)


@pytest.mark.parametrize("name", shipped.names())
def test_shipped_presets(name: str) -> None:
    check(load.load(name))


def test_a_secret_is_a_lookup() -> None:
    document = load.load("besu-one-cluster").model_dump(by_alias=True)
    document["platform"]["account_password"] = {"env": "PASSPHRASE"}
    text = write(Network.model_validate(document)).text
    assert "lookup('env', 'PASSPHRASE')" in text
