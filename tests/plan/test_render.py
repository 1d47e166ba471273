"""What is shown of a plan: all that counts, and no secret."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.network.load import load
from bevel_tui.plan.build import build
from bevel_tui.plan.graph import Plan, ordered
from bevel_tui.plan.plain import masked
from bevel_tui.plan.render import mermaid, text, to_json
from bevel_tui.records.steps import ClusterFact, ReleaseStep, SecretStep, SecretValue

CASES = Path(__file__).parent / "cases"


@pytest.fixture(scope="module")
def besu() -> Plan:
    return build(load(str(CASES / "besu-three-clusters-vault.yaml")))


@pytest.fixture(scope="module")
def fabric() -> Plan:
    return build(load(str(CASES / "fabric-two-clusters-haproxy.yaml")))


# ---------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "dbPassword",
        "passwd",
        "accountPassword",
        "token",
        "rootToken",
        "secret",
        "clientSecret",
        "privateKey",
        "private_key",
        "apiKey",
        "passphrase",
        "credentials",
        "tm.password",
    ],
)
def test_strings_under_secret_sounding_keys_are_masked(key: str) -> None:
    assert masked({"a": {key: "hunter2"}}) == {"a": {key: "***"}}
    assert masked({key: ["hunter2"]}) == {key: ["***"]}


@pytest.mark.parametrize(
    "key",
    ["pullSecret", "imagePullSecrets", "secretName", "secretEngine", "secretPrefix", "tlsSecret", "tokenPath", "name"],
)
def test_names_of_secrets_are_not(key: str) -> None:
    assert masked({key: "regcred"}) == {key: "regcred"}


def test_switches_and_numbers_under_such_keys_are_not() -> None:
    values = {"createSecret": True, "tokenTtl": 30, "password": "", "secret": None}
    assert masked(values) == values


def test_a_reference_shows_its_name() -> None:
    values = {"password": SecretValue(env="ADMIN"), "ca": SecretValue(file="/etc/ca.pem")}
    assert masked(values) == {"password": "<env:ADMIN>", "ca": "<file:/etc/ca.pem>"}


def test_an_environment_entry_is_judged_by_its_name() -> None:
    entries = [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "DB_HOST", "value": "db"}]
    assert masked({"env": entries}) == {"env": [{"name": "DB_PASSWORD", "value": "***"}, entries[1]]}


def test_what_only_the_cluster_knows_is_said_so() -> None:
    assert masked({"provisioner": ClusterFact("provisioner", "fast")}) == {
        "provisioner": "<cluster: provisioner of StorageClass fast>"
    }


def test_no_output_holds_a_secret() -> None:
    values = {"adminPassword": "hunter2", "nested": [{"token": "hunter2"}], "ok": "shown"}
    release = ReleaseStep(
        id="c/n/r", cluster="c", namespace="n", release="r", chart="x", chart_version="1", values=values
    )
    secret = SecretStep(id="c/n/secret/s", cluster="c", namespace="n", name="s", data=(("password", "hunter2"),))
    plan = Plan("n", "besu", "no gateway", ordered([release, secret]))
    for render in (text, to_json, mermaid):
        assert "hunter2" not in render(plan)
    assert '"ok": "shown"' in to_json(plan)


# ---------------------------------------------------------------- JSON


KEYS = {"id", "kind", "cluster", "namespace", "release", "chart", "values", "needs", "produces", "expects"}


def test_json_has_the_promised_keys_on_every_step(besu: Plan, fabric: Plan) -> None:
    for plan in (besu, fabric):
        document = json.loads(to_json(plan))
        assert {"network", "id", "steps", "critical_path", "endpoints"} <= document.keys()
        assert document["critical_path"] == list(plan.critical_path())
        assert len({frozenset(s) for s in document["steps"]}) == 1
        for step in document["steps"]:
            assert step.keys() >= KEYS
            if step["kind"] == "release":
                assert re.fullmatch(r"[a-z0-9-]+", step["chart"]), "the bare name in Chart.yaml"
                assert step["expects"]
            else:
                assert step["chart"] is None
                assert step["release"] is None
                assert step["expects"] == []


def test_json_carries_no_object_that_json_does_not_know(besu: Plan) -> None:
    def plain(value: Any) -> bool:
        if isinstance(value, dict):
            return all(isinstance(k, str) and plain(v) for k, v in value.items())
        if isinstance(value, list):
            return all(plain(v) for v in value)
        return value is None or isinstance(value, str | int | float | bool)

    assert plain(json.loads(to_json(besu)))


# ---------------------------------------------------------------- text


def test_text_shows_what_a_reviewer_asks_for(besu: Plan) -> None:
    shown = text(besu)
    for expected in (
        "of network consortium (besu)",
        "gateway: Emissary-ingress 4.1.0",
        "Cluster east, domain east.example.com",
        "Organization supplychain",
        "Organization store (by store's owner)",
        "validator-1  (besu-node 1.1.0 in supplychain-bes)",
        "after: genesis, emissary-crds",
        "handed in: files/bootnodes.json, files/genesis.json",
        "address of Service default/edge-stack",
        "ports: 80, 443, 15011-15015",
        "external-dns creates them",
        "tcp   validator-1.east.example.com:15011",
        "Critical path",
    ):
        assert expected in shown


def test_text_marks_exactly_the_critical_path(besu: Plan) -> None:
    # on their own lines: the marks, besides those of wildcard names and of the legend
    marked = [line for line in text(besu).splitlines() if line.startswith("    * ")]
    assert len(marked) == len(besu.critical_path())


def test_text_says_the_notes() -> None:
    plan = build(load(str(CASES / "besu-edge-stack.yaml")))
    assert "note: Edge Stack's licence key" in " ".join(text(plan).split())


def test_dns_modes_are_told_apart(fabric: Plan) -> None:
    shown = " ".join(text(fabric).split())
    assert "*.east.example.com -> this gateway: the run writes them to your DNS server" in shown
    assert "*.west.example.com -> this gateway: not waited for" in shown


# ---------------------------------------------------------------- Mermaid


def test_mermaid_draws_every_step_once_and_every_need(fabric: Plan) -> None:
    lines = mermaid(fabric).splitlines()
    assert lines[0] == "flowchart LR"
    nodes = [m[1] for line in lines if (m := re.match(r"    (s\d+)\W", line))]
    assert len(nodes) == len(set(nodes)) == len(fabric.steps)
    edges = [line for line in lines if re.fullmatch(r"  s\d+ (-->|==>) s\d+", line)]
    assert len(edges) == sum(len(set(s.needs)) for s in fabric.steps)
    assert sum("==>" in line for line in edges) == len(fabric.critical_path()) - 1
    assert sum(line.startswith("  subgraph ") for line in lines) == sum(line == "  end" for line in lines) == 2


def test_mermaid_escapes_what_would_end_a_label() -> None:
    odd = ReleaseStep(id="a", cluster='c"<', namespace="n", release='r"<b>', chart="x&y", chart_version="1")
    drawn = mermaid(Plan("n", "besu", "g", (odd,)))
    assert 's0["r&quot;&lt;b&gt;<br/>x&amp;y"]' in drawn
    assert 'subgraph c0["c&quot;&lt;"]' in drawn
