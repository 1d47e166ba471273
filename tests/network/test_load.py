"""From a file or a name to a Network, or to every problem at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from bevel_tui.network import shipped
from bevel_tui.network.load import MAX_SIZE, load, load_document, parse, parse_document
from bevel_tui.records.errors import BevelError, Code, ExitCode
from tests.network.documents import BESU, FABRIC, Json, change


def refused(text: str) -> BevelError:
    with pytest.raises(BevelError) as caught:
        parse(text, source="p.yaml")
    assert caught.value.exit_code == ExitCode.USAGE
    return caught.value


def details(document: Json) -> tuple[str, ...]:
    error = refused(yaml.safe_dump(document, sort_keys=False))
    assert error.code == Code.PRESET_INVALID
    return error.details


# ---------------------------------------------------------------- finding


def test_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text(yaml.safe_dump(BESU), encoding="utf-8")
    assert load(str(file)).name == "net"


def test_a_file_wins_over_a_shipped_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("besu-one-cluster").write_text(yaml.safe_dump(BESU), encoding="utf-8")
    assert load("besu-one-cluster").name == "net"
    assert load("besu-one-cluster.yaml").name == "besu-one-cluster"


def test_missing_file_lists_the_shipped_presets_and_the_nearest() -> None:
    with pytest.raises(BevelError) as caught:
        load("presets/besu-two-cluster.yml")
    assert caught.value.code == Code.PRESET_MISSING
    assert "Did you mean besu-two-clusters?" in caught.value.remedy
    assert all(name in caught.value.remedy for name in shipped.names())


@pytest.mark.parametrize("name", ["", "nul\0", "x" * 5000, "."])
def test_names_that_are_no_files(name: str) -> None:
    with pytest.raises(BevelError) as caught:
        load(name)
    assert caught.value.code == Code.PRESET_MISSING


def test_unreadable_file(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    file = tmp_path / "p.yaml"
    file.write_text("a: 1")
    file.chmod(0)
    with pytest.raises(BevelError, match="Permission denied"):
        load(str(file))


def test_huge_file(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(b"#" * (MAX_SIZE + 1))
    with pytest.raises(BevelError, match="larger than 1 MiB"):
        load(str(file))


def test_binary_file(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(b"a: 1\nb: \xff\xfe")
    with pytest.raises(BevelError, match="line 2, column 4") as caught:
        load(str(file))
    assert caught.value.code == Code.PRESET_SYNTAX


def test_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + yaml.safe_dump(BESU).encode())
    assert load(str(file)).name == "net"


def test_a_pipe_can_be_read(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.write(write, yaml.safe_dump(BESU).encode())
    os.close(write)
    try:
        assert load(f"/dev/fd/{read}").name == "net"
    finally:
        os.close(read)


# ---------------------------------------------------------------- syntax


def test_syntax_error_has_line_and_column() -> None:
    error = refused("apiVersion: bevel-tui/v1\nkind: Network\n\tname: x\n")
    assert error.code == Code.PRESET_SYNTAX
    assert error.message.startswith("p.yaml at line 3, column 1: ")


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text", "42", "null"])
def test_documents_that_are_no_mapping(text: str) -> None:
    assert refused(text).code in (Code.PRESET_SYNTAX, Code.PRESET_INVALID)


# ---------------------------------------------------------------- fields


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("platfrom", 1, ": unknown key `platfrom`; did you mean `platform`?"),
        ("clusters.0.colour", 1, "unknown key `colour`; known here: context, dns, domain"),
        ("organizations.0.validators", 4, "unknown key `validators` here; it belongs under `besu:`"),
        ("platform.channels", [], "unknown key `channels`; known here: account_password"),
        ("clusters.0.existingGateway", {}, "did you mean `existing_gateway`?"),
        ("name", 5, "name (line 3): must be a text, not the number 5; put it in quotes"),
        (
            "name",
            "Net_1",
            'may hold lower-case letters, digits and hyphens only, and begin and end with a letter or digit: "Net_1"',
        ),
        ("name", "n" * 41, "must have at most 40 characters; it has 41"),
        ("name", None, "name (line 3): is empty; give it a value or remove the line"),
        ("apiVersion", "v1", 'must be bevel-tui/v1, not "v1"'),
        (
            "platform.type",
            "bezu",
            'must be one of besu, fabric, quorum, indy, corda, corda-enterprise, substrate, not "bezu"; did you mean besu?',
        ),
        ("platform.type", ..., "platform (line 4): `type` is missing: one of besu, fabric"),
        ("platform", "besu", "must be a mapping"),
        ("platform.chain_id", "1", "must be a whole number, not a text"),
        ("platform.chain_id", True, "must be a whole number, not the truth value true"),
        ("platform.chain_id", 1.5, "must be a whole number, not the number 1.5"),
        ("platform.chain_id", 0, "must be at least 1, not 0"),
        ("platform.bootnodes", "yes", 'must be true or false, not "yes"'),
        ("platform.version", 23.1, "must be a text, not the number 23.1; put it in quotes"),
        ("platform.consensus", "qbtf", 'must be one of qbft, ibft2, clique, not "qbtf"; did you mean qbft?'),
        ("platform.consensus", ["qbft"], "must be one of qbft, ibft2, clique, not a list"),
        ("gateway", ..., "`gateway` is missing: What stands at the edge of every cluster"),
        ("gateway.p2p_ports", "15010", "must be a range of ports such as 15010-15050"),
        ("clusters", [], "must have at least 1 entry"),
        ("clusters", {"a": 1}, "must be a list (lines beginning with `- `), not a mapping"),
        ("clusters.0", "east", "clusters[0] (line 9): must be a mapping"),
        ("clusters.0.domain", "*.east", "must be a DNS name of at least two labels"),
        ("clusters.0.storage", None, "is empty"),
        ("clusters.0.storage", {"class": "a", "provisioner": "b"}, "class and provisioner exclude each other"),
        ("organizations.0.besu.validators", "four", "organizations[0].besu.validators (line"),
        ("organizations.0.managed", "no", 'must be true or false, not "no"'),
        ("probe", {"timeout": "5s"}, "must be a number, not a text"),
        ("probe", {"timeout": float("nan")}, "must be"),
        ("charts", {"ledger": {}}, "exactly one of path, repository and oci must be given"),
        ("charts", {"ledger": {"oci": "https://x"}}, "must be a URL that begins with oci://"),
        ("placement", {"node_selector": {"disk": 1}}, "placement.node_selector.disk"),
    ],
)
def test_one_plain_sentence_per_wrong_field(path: str, value: object, expected: str) -> None:
    (line,) = [d for d in details(change(BESU, (path, value))) if expected in d]
    assert " (line " in line


def test_a_mistyped_required_key_is_one_problem() -> None:
    assert details(change(BESU, ("clusters.0.contxt", "x"), ("clusters.0.context", ...))) == (
        "clusters[0].contxt (line 11): unknown key `contxt`; did you mean `context`?",
    )


def test_a_rule_says_nothing_of_a_key_that_was_mistyped() -> None:
    changes = [("gateway.type", "ambassador"), ("clusters.0.domain", ...), ("clusters.0.domian", "east.example.test")]
    (line,) = [found for found in details(change(BESU, *changes)) if "clusters[0]" in found]
    assert "did you mean `domain`?" in line


@pytest.mark.parametrize("value", ["hunter2", 12345, {"value": "hunter2"}, {"env": "hunter2!"}, ["hunter2"]])
def test_a_pasted_secret_is_refused_and_not_repeated(value: object) -> None:
    document = change(
        BESU,
        ("platform.account_password", value),
        ("vault", {"address": "https://user:hunter2@vault.example.com", "token": value}),
    )
    lines = details(document)
    assert any(line.startswith("vault.token") for line in lines)
    assert any(line.startswith("platform.account_password") for line in lines)
    assert "hunter2" not in "\n".join(lines).replace("unknown key `hunter2`", "")
    assert "12345" not in "\n".join(lines)


def test_control_characters_do_not_reach_the_terminal() -> None:
    error = refused('apiVersion: "\\e[31mred"\nkind: Network\n"\\e]0;x": 1\n')
    text = "\n".join([error.message, *error.details])
    assert "\x1b" not in text
    assert "\\x1b" in text


# ---------------------------------------------------------------- all at once


def test_all_problems_of_all_kinds_at_once_in_the_order_of_their_lines() -> None:
    text = """\
apiVersion: bevel-tui/v1
kind: Network
name: net
name: again
platform:
  type: fabric
  consensus: raft
gateway: {type: ambassador}
clusters:
  - name: east
    context: 5
organizations:
  - name: anametoolongforfabric
    cluster: eest
    fabric: {orderers: 2, peers: four}
"""
    error = refused(text)
    assert error.message == f"p.yaml has {len(error.details)} problems"
    starts = [line.split(":")[0] for line in error.details]
    assert starts == [
        "name (line 3)",
        "platform.consensus (line 7)",
        "gateway.type (line 8)",
        "clusters[0].domain (line 10)",
        "clusters[0].context (line 11)",
        "organizations[0].name (line 13)",
        "organizations[0].cluster (line 14)",
        "organizations[0].fabric.peers (line 15)",
    ]


def test_rules_are_silent_about_what_was_refused_already() -> None:
    lines = details(change(BESU, ("gateway.type", "haproxi"), ("clusters.1.domain", "no domain")))
    assert [line.split(" ")[0] for line in lines] == ["gateway.type", "clusters[1].domain"]


def test_many_problems_are_counted() -> None:
    error = refused("\n".join(f"k{i}: 1" for i in range(100)))
    assert error.details[-1].startswith("... and ")
    assert error.message.endswith(" problems")
    assert int(error.message.split()[-2]) >= 100


def test_warnings_come_with_the_document() -> None:
    document = parse_document(yaml.safe_dump(change(FABRIC, ("organizations.0.fabric.orderers", 2))), source="x")
    (warning,) = document.warnings
    assert warning.startswith("organizations[0].fabric.orderers (line ")
    assert "odd" in warning


def test_secret_references_are_not_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    document = change(BESU, ("platform.account_password", {"env": "NOT_SET"}))
    platform = parse(yaml.safe_dump(document)).platform
    assert platform.account_password.env == "NOT_SET"  # type: ignore[union-attr]


@pytest.mark.parametrize("name", shipped.names())
def test_shipped_presets_load_by_name_without_problems(name: str) -> None:
    # whose registry has licensed images, no shipped preset can know; and they run without any secret, so they keep
    # the passwords of Bevel's samples
    expected = ("R3's licence", "password")
    assert [w for w in load_document(name).warnings if not any(words in w for words in expected)] == []
    assert load(f"{name}.yaml").name == name


def test_the_promised_presets_are_shipped() -> None:
    assert set(shipped.names()) >= {
        "besu-one-cluster",
        "besu-two-clusters",
        "fabric-one-cluster",
        "fabric-two-clusters",
    }
