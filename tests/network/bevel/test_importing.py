"""Importing a network.yaml: contexts, secrets, unknown keys, contradictions, comments; what is refused and where."""

from __future__ import annotations

from typing import Any

import pytest

from bevel_tui.network.bevel.comments import comment
from bevel_tui.network.bevel.importing import header, read
from bevel_tui.network.bevel.reading import Options
from bevel_tui.records.errors import BevelError, Code

BESU = """\
network:
  type: besu
  version: 22.10.2
  env:
    type: dev
    proxy: ambassador
    # retry_count: 99
    external_dns: enabled
    surprise: 1
  docker:
    url: ghcr.io/hyperledger
  config:
    consensus: ibft
    transaction_manager: none
    tm_tls: off
    genesis: relative/genesis
  organizations:
    - organization:
      name: supplychain
      type: validator
      external_url_suffix: east.example.com
      cloud_provider: gcp
      k8s: {context: east, config_file: /home/me/config}
      vault: {url: "http://vault.example.com:8200", root_token: s.TOPSECRETTOKEN123, secret_path: secretsv2}
      services:
        validators:
          - {validator: , name: validator-1, p2p: {port: 30303, ambassador: 15010}}
          - {validator: , name: validator-2, p2p: {port: 30303, ambassador: 15011}}
          - {validator: , name: validator-3, p2p: {port: 30303, ambassador: 15012}}
          - {validator: , name: validator-4, p2p: {port: 30303, ambassador: 15013}}
    - organization:
      name: carrier
      external_url_suffix: west.example.com
      cloud_provider: gcp
      k8s: {context: east, config_file: /home/me/config}
      vault: {url: "http://vault.example.com:8200", root_token: "{{ lookup('env', 'OUR_TOKEN') }}"}
      services:
        peers:
          - peer:
            name: member-carrier-1
            geth_passphrase: hunter2hunter2   # TODO: rotate s.0123456789abcdef
            p2p: {port: 30303, ambassador: 15010}
"""


def notes(text: str, kind: str, **options: Any) -> list[str]:
    return [str(note) for note in read(text, options=Options(**options)).notes if note.kind == kind]


def test_what_bevel_would_deploy() -> None:
    network = read(BESU).network
    assert (network.platform.type, network.platform.consensus) == ("besu", "ibft2")  # type: ignore[union-attr]
    assert [(c.name, c.context, c.domain, c.provider) for c in network.clusters] == [
        ("east", "east", "east.example.com", "gcp")
    ]
    assert [(o.name, o.besu) for o in network.organizations][1] == ("carrier", None)
    assert network.dns.mode == "external-dns"
    assert network.name == "besu-dev"


def test_an_organization_moves_to_a_context_of_its_own() -> None:
    network = read(BESU, options=Options(contexts={"carrier": "west"})).network
    assert [(c.context, c.domain) for c in network.clusters] == [
        ("east", "east.example.com"),
        ("west", "west.example.com"),
    ]


def test_secrets_become_references_and_are_never_told() -> None:
    found = read(BESU)
    assert found.network.vault is not None
    assert found.network.vault.token.env == "OUR_TOKEN"
    assert found.network.platform.account_password.env == "GETH_PASSPHRASE"  # type: ignore[union-attr]
    told = "\n".join(map(str, found.notes)) + header(found.notes, "x") + found.network.model_dump_json()
    assert "TOPSECRET" not in told
    assert "hunter2" not in told
    assert "0123456789abcdef" not in told
    assert any("GETH_PASSPHRASE" in note and "line 41" in note for note in notes(BESU, "secret"))


def test_without_vault() -> None:
    assert read(BESU, options=Options(without_vault=True)).network.vault is None


def test_unknown_keys_contradictions_and_comments_have_lines() -> None:
    assert notes(BESU, "unknown") == ["network.env.surprise (line 9): is no key that Bevel's file has here"]
    doubts = "\n".join(notes(BESU, "doubt"))
    assert "network.config.tm_tls (line 15): off without quotes" in doubts
    assert "network.config.genesis (line 16): is no absolute path" in doubts
    assert "(line 42): port 15010 is given out at this gateway already, in line 27" in doubts
    comments = notes(BESU, "comment")
    assert "retry_count (line 7): a setting that is switched off by a comment" in comments
    assert any("line 41" in note and "TODO" in note for note in comments)
    assert any("reached under east.example.com" in note for note in notes(BESU, "changed"))


@pytest.mark.parametrize(
    ("before", "after", "line", "word"),
    [
        ("consensus: ibft", "consensus: ethash", 13, "qbft"),
        ("type: besu", "type: bezu", 2, "besu"),
        ("proxy: ambassador", "proxy: haproxy", 6, "haproxy does not serve besu"),
        ("name: carrier\n", "name: Carrier_Org\n", 31, "lower-case"),
        ("transaction_manager: none", "transaction_manager: orion", 14, "tessera"),
        ("validator-1, p2p", "validator-1, status: existing, p2p", 27, "--as-new"),
        ("root_token: \"{{", "secret_path: other, root_token: \"{{", 36, "another Vault"),
    ],
)  # fmt: skip
def test_refused_at_its_line(before: str, after: str, line: int, word: str) -> None:
    assert before in BESU
    with pytest.raises(BevelError) as error:
        read(BESU.replace(before, after, 1))
    assert error.value.code is Code.NETWORK_YAML
    assert any(f"line {line}" in text or f"lines {line}" in text for text in error.value.details), error.value.details
    assert word in "\n".join(error.value.details)


@pytest.mark.parametrize(
    "text", ["a: 1", "network: 5", "network: {type: besu}", "network: {type: besu, organizations: [{}]}"]
)
def test_what_is_no_network_yaml(text: str) -> None:
    with pytest.raises(BevelError) as error:
        read(text)
    assert error.value.code is Code.NETWORK_YAML


def test_no_yaml_at_all() -> None:
    with pytest.raises(BevelError) as error:
        read("network: [")
    assert error.value.code is Code.PRESET_SYNTAX


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a: b # c", "c"),
        ("a: 'b # c'", None),
        ("a: b#c", None),
        ("# x: y", "x: y"),
        ("a: it's # c", "c"),
        ("##", None),
    ],
)
def test_comments_are_found(line: str, expected: str | None) -> None:
    assert comment(line) == expected
