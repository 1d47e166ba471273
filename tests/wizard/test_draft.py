"""Answers: proposals that every rule accepts, nothing lost on the way back, presets that come out as they went in."""

from __future__ import annotations

import itertools

import pytest

from bevel_tui import api
from bevel_tui.network import annotate, load, save, shipped
from bevel_tui.records.survey import FoundGateway, SurveyRow
from bevel_tui.wizard import platforms, sections
from bevel_tui.wizard.draft import Draft


def drafted(platform: str = "besu", clusters: int = 2, gateway: str | None = None) -> Draft:
    draft = Draft()
    draft.pick([f"kind-c{i}" for i in range(clusters)])
    draft.set(("platform", "type"), platform)
    draft.set(("clusters", 0, "domain"), "c0.example.com")
    if gateway:
        draft.set(("gateway", "type"), gateway)
    return draft


CELLS = [
    (platform, clusters, gateway)
    for platform, clusters in itertools.product(platforms.PLATFORMS, (1, 2, 3))
    for gateway, refused in platforms.refusals(platform, clusters).items()
    if refused is None
]


@pytest.mark.parametrize(("platform", "clusters", "gateway"), CELLS)
@pytest.mark.parametrize("organizations", [None, 1, 5])
def test_what_is_proposed_is_a_network(platform: str, clusters: int, gateway: str, organizations: int | None) -> None:
    draft = drafted(platform, clusters, gateway)
    if organizations is not None:
        while len(draft.organizations) < organizations:
            draft.add_organization()
        while len(draft.organizations) > organizations:
            draft.remove_organization(1)
    judgement = draft.judge()
    assert not judgement.errors
    assert judgement.network is not None
    assert load.parse(save.dump(judgement.network)) == judgement.network
    assert load.parse(annotate.annotated(judgement.network)) == judgement.network


@pytest.mark.parametrize("platform", platforms.PLATFORMS)
@pytest.mark.parametrize("clusters", [1, 2, 3, 7])
def test_without_a_word_there_is_a_plan(platform: str, clusters: int) -> None:
    draft = drafted(platform, clusters)
    network = draft.judge().network
    assert network is not None
    assert {o.cluster for o in network.organizations} == {c.name for c in network.clusters}
    assert api.plan(network).steps


@pytest.mark.parametrize("name", shipped.names())
def test_a_preset_that_is_opened_gives_the_same_plan(name: str) -> None:
    network = api.load(name)
    draft = Draft.of(network)
    again = draft.judge().network
    assert again is not None
    assert api.plan(again).id == api.plan(network).id
    assert load.parse(annotate.annotated(again)) == again


def test_another_platform_keeps_what_was_said_of_the_first() -> None:
    draft = drafted("besu")
    draft.set(("platform", "chain_id"), 77)
    draft.set(("organizations", 0, "besu", "validators"), 7)
    before = draft.document()
    draft.set(("platform", "type"), "fabric")
    draft.set(("organizations", 0, "fabric", "orderers"), 5)
    assert "besu" not in draft.document()["organizations"][0]
    assert draft.document()["gateway"]["type"] == "haproxy"
    draft.set(("platform", "type"), "besu")
    assert draft.document() == before
    draft.set(("platform", "type"), "fabric")
    assert draft.document()["organizations"][0]["fabric"]["orderers"] == 5


def test_a_cluster_that_goes_and_comes_back_is_as_it_was() -> None:
    draft = drafted(clusters=3)
    draft.set(("clusters", 1, "name"), "middle")
    draft.set(("~", "edge", 1), "existing")
    draft.pick(["kind-c0", "kind-c2"])
    assert draft.get(("~", "edge", 1)) == "install"
    draft.pick(["kind-c0", "kind-c2", "kind-c1"])
    assert draft.get(("clusters", 2, "name")) == "middle"


def test_organizations_follow_a_cluster_that_is_renamed() -> None:
    draft = drafted()
    draft.set(("organizations", 1, "cluster"), "c1")
    draft.set(("clusters", 1, "name"), "west")
    assert draft.document()["organizations"][1]["cluster"] == "west"
    assert draft.judge().network is not None


def test_who_moves_takes_name_and_cluster_along() -> None:
    draft = drafted()
    names = [draft.get(("organizations", i, "name")) for i in (0, 1)]
    places = [draft.get(("organizations", i, "cluster")) for i in (0, 1)]
    assert draft.move_organization(1, -1) == 0
    assert [draft.get(("organizations", i, "name")) for i in (1, 0)] == names
    assert [draft.get(("organizations", i, "cluster")) for i in (1, 0)] == places
    assert draft.move_organization(0, -1) == 0


def test_sections_that_are_switched_off_are_kept_aside() -> None:
    draft = drafted()
    draft.set(("~", "keys"), "vault")
    draft.set(("vault", "address"), "https://vault.example.com")
    draft.set(("vault", "token"), {"env": "VAULT_TOKEN"})
    assert draft.judge().network.vault is not None  # type: ignore[union-attr]
    draft.set(("~", "keys"), "secrets")
    assert "vault" not in draft.document()
    draft.set(("~", "keys"), "vault")
    assert draft.judge().network.vault is not None  # type: ignore[union-attr]


def test_charts_come_from_the_one_source_that_was_chosen() -> None:
    draft = drafted()
    draft.set(("~", "charts"), "path")
    draft.set(("charts", "ledger", "path"), "/srv/bevel")
    draft.set(("~", "charts"), "repository")
    assert any("exactly one" in p.message for p in draft.judge().errors)
    draft.set(("charts", "ledger", "repository"), "https://charts.example.com")
    assert draft.document()["charts"] == {"ledger": {"repository": "https://charts.example.com"}}
    draft.set(("~", "charts"), "path")
    assert draft.document()["charts"] == {"ledger": {"path": "/srv/bevel"}}


def test_proposals_follow_what_the_survey_found() -> None:
    draft = Draft()
    draft.pick(["a", "b"])
    gateway = FoundGateway("haproxy", "edge", "front", "192.0.2.1")
    for name in ("a", "b"):
        draft.learn(
            SurveyRow(context=name, server="", state="reachable", complete=True, provider="EKS", simulated=True, external_dns=True, gateways=(gateway,))
        )  # fmt: skip
    draft.set(("platform", "type"), "fabric")
    draft.set(("~", "edge", 1), "existing")
    network = draft.judge().network
    assert network is not None
    assert [c.domain for c in network.clusters] == ["a.example.test", "b.example.test"]
    assert {c.provider for c in network.clusters} == {"aws"}
    assert network.dns.mode == "external-dns"
    assert network.clusters[1].existing_gateway is not None
    assert network.clusters[1].existing_gateway.service == "front"


def test_one_domain_is_the_pattern_of_the_others() -> None:
    draft = drafted(clusters=3)
    assert [draft.get(("clusters", i, "domain")) for i in range(3)] == [f"c{i}.example.com" for i in range(3)]
    draft.set(("clusters", 0, "domain"), "odd.example.com")
    assert draft.get(("clusters", 1, "domain")) is None
    found = draft.judge().errors
    assert {sections.section_of(p, draft).id for p in found} == {"gateway"}


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ("arn:aws:eks:eu-west-1:123456789012:cluster/East_1", "east-1"),
        ("gke_project_europe-west1-b_prod", "prod"),
        ("kind-lab", "lab"),
        ("admin@talos", "talos"),
        ("///", "cluster"),
        ("x" * 90, "x" * 40),
    ],
)
def test_clusters_get_short_names(context: str, name: str) -> None:
    draft = Draft()
    draft.pick([context])
    assert draft.get(("clusters", 0, "name")) == name


@pytest.mark.parametrize(
    ("path", "value", "section"),
    [
        (("clusters", 0, "name"), "East!", "clusters"),
        (("platform", "chain_id"), "many", "platform"),
        (("gateway", "p2p_ports"), "9-1", "gateway"),
        (("organizations", 1, "name"), "supplychain", "organizations"),
        (("organizations", 0, "besu", "validators"), 60, "organizations"),
        (("dns", "ttl"), 0, "services"),
        (("dns", "mode"), "rfc2136", "services"),
        (("name",), "No Blanks", "platform"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_put_right(path: tuple[str | int, ...], value: object, section: str) -> None:
    draft = drafted()
    draft.set(path, value)
    judgement = draft.judge()
    assert judgement.network is None
    assert judgement.errors
    assert section in {sections.section_of(problem, draft).id for problem in judgement.errors}
    draft.set(path, None)
    assert draft.judge().network is not None


def test_a_secret_itself_is_refused_and_never_repeated() -> None:
    draft = drafted()
    draft.set(("~", "keys"), "vault")
    draft.set(("vault", "address"), "https://vault.example.com")
    group = next(g for g in sections.services(draft) if g.title == "Keys")
    token = next(f for f in group.fields if f.path == ("vault", "token"))
    draft.set(token.path, token.read("s.hunter2"))
    problems = draft.judge().at(token.path)
    assert problems
    assert "hunter2" not in " ".join(p.message for p in problems)
    draft.set(token.path, token.read("env:VAULT_TOKEN"))
    assert not draft.judge().errors
