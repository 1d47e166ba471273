"""Exports for Flux, Argo CD and helmfile: valid by the engines' own schemas, complete, in order, without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bevel_tui.export import argocd
from bevel_tui.export.folder import ENGINES, Target, texts
from bevel_tui.export.handoffs import slug
from bevel_tui.export.holds import holds
from bevel_tui.export.work import FILL_IN, Gap, Work, place, values
from bevel_tui.network import shipped
from bevel_tui.network.load import load, parse
from bevel_tui.network.model import Network
from bevel_tui.network.save import dump
from bevel_tui.plan.build import build
from bevel_tui.platforms.ethereum_charts import QUORUM_KEYS
from bevel_tui.records.steps import KeysStep, ReleaseStep, SecretValue

SCHEMAS = {
    path.stem: jsonschema.Draft202012Validator(json.loads(path.read_text()))
    for path in (Path(__file__).parent / "schemas").glob("*.json")
}
#: kinds that every API server knows
BUILT_IN = {"Namespace"}


def secretive(name: str) -> Network:
    """A preset with everything in it that needs a secret, as far as its platform has it."""
    network = load(name)
    document = network.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    document["vault"] = {"address": "https://vault.example.com:8200", "token": {"env": "MY_TOKEN"}}
    document["registry"] = {"server": "r.example.com", "username": {"env": "MY_USER"}, "password": {"file": "/run/pw"}}
    if network.platform.type in ("besu", "quorum"):
        document["platform"]["account_password"] = {"env": "MY_PASSWORD"}
    if network.platform.type.startswith("corda"):
        document["platform"]["password"] = {"env": "MY_PASSWORD"}
    return parse(dump(Network.model_validate(document)))


NETWORKS = dict.fromkeys(shipped.names(), load) | {f"{n}+secrets": secretive for n in shipped.names() if "two" in n}


def network_of(case: str) -> Network:
    return NETWORKS[case](case.removesuffix("+secrets"))


def objects(files: dict[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, text in files.items():
        if path.endswith(".yaml") and not path.startswith("values/") and path != "helmfile.yaml":
            for document in yaml.safe_load_all(text):
                yield path, document


@pytest.mark.parametrize("case", NETWORKS)
@pytest.mark.parametrize("engine", ["flux", "argocd"])
def test_valid_by_the_engines_own_schemas(engine: str, case: str) -> None:
    network = network_of(case)
    files = texts(network, build(network), Target(engine, store="vault-store"))
    kinds = set()
    for path, document in objects(files):
        kinds.add(document["kind"])
        if document["kind"] not in BUILT_IN:
            found = [f"{list(e.path)}: {e.message}" for e in SCHEMAS[document["kind"]].iter_errors(document)]
            assert not found, path
    assert ("HelmRelease" if engine == "flux" else "Application") in kinds
    assert ("ExternalSecret" in kinds) or "+secrets" not in case


def test_what_failed_is_never_uninstalled() -> None:
    """Hooks of Bevel's charts delete keys with a release, so engines must try again in place and prune nothing."""
    network = load("besu-two-clusters")
    plan = build(network)
    for _, document in objects(texts(network, plan, Target("flux"))):
        if document["kind"] == "HelmRelease":
            for verb in ("install", "upgrade"):
                assert document["spec"][verb]["strategy"]["name"] == "RetryOnFailure"
                assert "remediation" not in document["spec"][verb]
    for _, document in objects(texts(network, plan, Target("argocd"))):
        if document["kind"] == "Application":
            assert not document["spec"]["syncPolicy"].get("automated", {}).get("prune")
            assert "finalizers" not in document["metadata"]
    assert "atomic" not in texts(network, plan, Target("helmfile"))["helmfile.yaml"]


def test_a_schema_finds_a_wrong_field() -> None:
    network = load("besu-one-cluster")
    files = texts(network, build(network), Target("flux"))
    release = next(document for _, document in objects(files) if document["kind"] == "HelmRelease")
    release["spec"]["dependOn"] = []
    assert list(SCHEMAS["HelmRelease"].iter_errors(release))


@pytest.mark.parametrize("case", NETWORKS)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_release_once_and_no_secret(engine: str, case: str) -> None:
    network = network_of(case)
    plan = build(network)
    work = Work(network, plan)
    files = texts(network, plan, Target(engine))
    whole = "\n".join(files.values())
    for step in work.releases:
        assert f"charts/{place(step)}" in whole
        plain, gaps = values(step)
        for gap in gaps:
            if isinstance(gap.value, SecretValue):
                assert not present(plain, gap)
    assert len({handoff.id for handoff in work.handoffs}) == sum(path.endswith(".sh") for path in files)
    assert "README.md" in files


def present(tree: Any, gap: Gap) -> bool:
    for part in gap.path:
        try:
            tree = tree[part]
        except (KeyError, IndexError):
            return False
    return tree not in (FILL_IN, "")


@pytest.mark.parametrize("name", shipped.names())
def test_order(name: str) -> None:
    """Flux: dependsOn within clusters; Argo CD: waves that rise; helmfile: needs over all clusters."""
    network = load(name)
    plan = build(network)
    work = Work(network, plan)
    flux = {
        (p.split("/")[1], d["metadata"]["namespace"], d["metadata"]["name"]): d["spec"]
        for p, d in objects(texts(network, plan, Target("flux")))
        if d["kind"] == "HelmRelease"
    }
    helmfile = yaml.safe_load(texts(network, plan, Target("helmfile"))["helmfile.yaml"])["releases"]
    needs = {f"{r['kubeContext']}/{r['namespace']}/{r['name']}": r.get("needs", []) for r in helmfile}
    assert len(flux) == len(helmfile) == len(work.releases)
    for step in work.releases:
        for other in work.before(step):
            assert work.wave(other) < work.wave(step)
            assert (
                f"{work.context(other.cluster)}/{other.namespace}/{other.release}"
                in needs[f"{work.context(step.cluster)}/{step.namespace}/{step.release}"]
            )
            if other.cluster == step.cluster:
                wanted = {"name": other.release, "namespace": other.namespace}
                assert wanted in flux[step.cluster, str(step.namespace), step.release]["dependsOn"]
        waits = step.id in holds(work, "flux", None)
        assert flux[step.cluster, str(step.namespace), step.release].get("suspend", False) is waits


class Hands:
    """Who follows README.md to the letter: what stands under "Held back", and no sooner."""

    def __init__(self, readme: str) -> None:
        self.held: dict[str, list[str]] = {}
        for line in readme.partition("\n## Held back\n")[2].splitlines():
            if row := re.fullmatch(r"1\. \*\*(.+)\*\*, when (.+)", line):
                self.held[row[1]] = row[2].split(", ")

    def may(self, release: str, ready: set[str], scripts: set[str]) -> bool:
        """Whether it says that this release may go on. Secrets with keys can be made at any time."""
        return all(
            reason.removesuffix(" is ready") in ready
            or reason.startswith("Secret `")
            or reason.partition("` was run")[0].lstrip("`") in scripts
            for reason in self.held[release]
        )


def scripts_that_work(work: Work, ready: set[str]) -> set[str]:
    """The scripts whose source is there: all releases before their handoff are."""
    steps = {step.id: step for step in work.plan.steps}
    return {
        f"handoffs/{slug(handoff)}.sh"
        for handoff in work.handoffs
        if all(place(s) in ready for n in handoff.needs if isinstance(s := steps[n], ReleaseStep))
    }


@pytest.mark.parametrize("store", [None, "store"])
@pytest.mark.parametrize("name", shipped.names())
def test_flux_installs_nothing_before_what_it_needs(name: str, store: str | None) -> None:
    """Every cluster's Flux installs at once all that dependsOn and suspend let it; a person follows the README."""
    network = load(name)
    plan = build(network)
    work = Work(network, plan)
    files = texts(network, plan, Target("flux", store=store))
    releases = {
        f"{p.split('/')[1]}/{d['metadata']['namespace']}/{d['metadata']['name']}": d["spec"]
        for p, d in objects(files)
        if d["kind"] == "HelmRelease"
    }
    hands = Hands(files["README.md"])
    assert set(hands.held) == {key for key, spec in releases.items() if spec.get("suspend")}
    before = {place(step): {place(other) for other in work.before(step)} for step in work.releases}
    ready: set[str] = set()
    while len(ready) < len(releases):
        scripts = scripts_that_work(work, ready)
        now = {
            key
            for key, spec in releases.items()
            if key not in ready
            and (not spec.get("suspend") or hands.may(key, ready, scripts))
            and all(f"{key.split('/')[0]}/{n['namespace']}/{n['name']}" in ready for n in spec.get("dependsOn", []))
        }
        assert now, f"nothing can go on any more after {sorted(ready)}"
        assert [(key, other) for key in now for other in before[key] if other not in ready] == []
        ready |= now


@pytest.mark.parametrize("name", shipped.names())
def test_argocd_installs_nothing_before_what_it_needs(name: str) -> None:
    """Waves one after the other, all of a wave at once; what does not sync by itself is synced as the README says."""
    network = load(name)
    plan = build(network)
    work = Work(network, plan)
    files = texts(network, plan, Target("argocd"))
    hands = Hands(files["README.md"])
    waves: dict[int, list[str]] = {}
    for path, document in objects(files):
        chart = document.get("spec", {}).get("source", {}).get("path", "")
        if path.startswith("apps/") and chart.startswith("charts/"):
            key = chart.removeprefix("charts/")
            assert ("automated" in document["spec"]["syncPolicy"]) == (key not in hands.held)
            waves.setdefault(int(document["metadata"]["annotations"][argocd.WAVE]), []).append(key)
    before = {place(step): {place(other) for other in work.before(step)} for step in work.releases}
    ready: set[str] = set()
    for _, keys in sorted(waves.items()):
        scripts = scripts_that_work(work, ready)
        assert [key for key in keys if key in hands.held and not hands.may(key, ready, scripts)] == []
        assert [(key, other) for key in keys for other in before[key] if other not in ready] == []
        ready |= set(keys)
    assert len(ready) == len(work.releases)


def test_keys_of_goquorum_nodes_are_a_step_of_a_person_or_of_external_secrets() -> None:
    """A member's release is held back until its Secret is there; the README has the command, or the store's names."""
    network = load("quorum-two-clusters")
    plan = build(network)
    (made, *_) = [step for step in plan.steps if isinstance(step, KeysStep)]
    for engine in ("flux", "argocd"):
        readme = texts(network, plan, Target(engine))["README.md"]
        assert f"create secret generic {made.name} --from-file=address --from-file=nodekey" in readme
        assert f"Secret `{made.name}` is there" in readme
    files = texts(network, plan, Target("flux", store="store"))
    found = {d["metadata"]["name"]: d for _, d in objects(files) if d["kind"] == "ExternalSecret"}
    pulled = {item["secretKey"]: item["remoteRef"] for item in found[made.name]["spec"]["data"]}
    assert set(pulled) == set(QUORUM_KEYS)
    assert {item["key"] for item in pulled.values()} == {f"{made.namespace}-{made.name}"}
    assert f"`{made.namespace}-{made.name}`" in files["README.md"]
    assert "create secret generic" not in files["README.md"]


def test_values_that_argo_cd_cannot_take_are_listed() -> None:
    """Each secret value of a release, with where it stands and which reference it is; never in a file."""
    network = secretive("besu-two-clusters")
    plan = build(network)
    readme = texts(network, plan, Target("argocd"))["README.md"]
    for step in Work(network, plan).releases:
        for gap in values(step)[1]:
            if isinstance(gap.value, SecretValue):
                assert f"- {place(step)}: `{gap.dotted}`: {gap.value}" in readme
    assert "MY_PASSWORD" in readme


def test_external_secrets_carry_what_they_can() -> None:
    """Corda Enterprise hands Secrets to Secrets: one side pushes, the other pulls, and nothing is left to a person."""
    network = load("corda-enterprise-two-clusters")
    files = texts(network, build(network), Target("flux", store="store"))
    east = list(yaml.safe_load_all(files["clusters/east/02-external-secrets.yaml"]))
    west = list(yaml.safe_load_all(files["clusters/west/02-external-secrets.yaml"]))
    assert {d["kind"] for d in east} == {"PushSecret"}
    assert {d["kind"] for d in west} == {"ExternalSecret"}
    pushed = {m["match"]["remoteRef"]["remoteKey"] for d in east for m in d["spec"]["data"]}
    pulled = {item["remoteRef"]["key"] for d in west for item in d["spec"]["data"]}
    assert pushed == pulled
    assert "no means" not in files["README.md"]
