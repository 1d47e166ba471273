"""Network -> text -> the same Network."""

from __future__ import annotations

import yaml
from hypothesis import given

from bevel_tui.network.load import parse
from bevel_tui.network.model import Network
from bevel_tui.network.rules import problems
from bevel_tui.network.save import dump
from bevel_tui.network.tree import read
from tests.network.documents import BESU, FABRIC, change, network
from tests.network.strategies import networks


def reread(text: str) -> Network:
    """The Network of a text, whatever the rules say of it."""
    return Network.model_validate(read(text).data, strict=True)


@given(networks())
def test_what_is_saved_is_what_is_loaded(network: Network) -> None:
    assert reread(dump(network)) == network


@given(networks())
def test_other_yaml_readers_see_the_same(network: Network) -> None:
    """YAML 1.1 (PyYAML, Ansible) and 1.2 (editors) differ on bare words; what we write means the same to both."""
    assert Network.model_validate(yaml.safe_load(dump(network))) == network


@given(networks())
def test_a_network_without_errors_is_loaded_as_it_was(network: Network) -> None:
    if not any(p.severity == "error" for p in problems(network)):
        assert parse(dump(network)) == network


def test_the_text_is_stable_short_and_in_order() -> None:
    assert dump(network(change(FABRIC, ("organizations.1.managed", False), ("gateway.p2p_ports", "15010-15050")))) == (
        """\
# yaml-language-server: $schema=../docs/preset.schema.json
apiVersion: bevel-tui/v1
kind: Network
name: net
platform:
  type: fabric
gateway:
  type: haproxy
clusters:
  - name: east
    context: c-east
    domain: east.example.test
  - name: west
    context: c-west
    domain: west.example.test
organizations:
  - name: supplychain
    cluster: east
    fabric:
      orderers: 3
      ca_admin:
        env: A
  - name: carrier
    cluster: west
    managed: false
    fabric:
      ca_admin:
        env: B
"""
    )


def test_the_order_of_a_document_does_not_matter() -> None:
    assert dump(network(dict(reversed(BESU.items())))) == dump(network(BESU))


def test_the_schema_can_be_named_otherwise() -> None:
    assert dump(network(BESU), schema="./s.json").startswith("# yaml-language-server: $schema=./s.json\n")


def test_secrets_are_saved_as_references() -> None:
    text = dump(network(BESU, ("platform.account_password", {"env": "PASSWORD"})))
    assert "account_password:\n    env: PASSWORD\n" in text
