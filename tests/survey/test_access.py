"""Rights: everything that is missing at once, with roles that grant exactly that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from bevel_tui.survey.access import Need, missing, roles, sentences

NEEDS = (
    Need("org", "apps", "statefulsets", "create"),
    Need("org", "apps", "statefulsets", "patch"),
    Need("org", "", "secrets", "create"),
    Need("other", "batch", "jobs", "create"),
    Need(None, "", "namespaces", "create"),
)


class Reviewer:
    """An API server that allows what `allowed` says, and counts."""

    def __init__(self, *allowed: Need) -> None:
        self.allowed = set(allowed)
        self.asked: list[Need] = []

    async def create(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        want = obj["spec"]["resourceAttributes"]
        need = Need(want.get("namespace"), want["group"], want["resource"], want["verb"])
        self.asked.append(need)
        return {**obj, "status": {"allowed": need in self.allowed}}


async def test_an_administrator_is_asked_one_question() -> None:
    reviewer = Reviewer(Need(None, "*", "*", "*"))
    assert await missing(reviewer, NEEDS) == ()
    assert len(reviewer.asked) == 1


async def test_a_namespaces_administrator_is_asked_about_the_rest_only() -> None:
    reviewer = Reviewer(Need("org", "*", "*", "*"), Need("other", "batch", "jobs", "create"))
    assert await missing(reviewer, NEEDS) == (Need(None, "", "namespaces", "create"),)
    assert not any(need.namespace == "org" and need.verb != "*" for need in reviewer.asked)


async def test_every_missing_right_is_listed_and_none_that_is_there() -> None:
    denied = {NEEDS[1], NEEDS[4]}
    found = await missing(Reviewer(*(set(NEEDS) - denied)), NEEDS)
    assert set(found) == denied
    assert sentences(found) == ("cluster-wide: create namespaces", "namespace org: patch statefulsets.apps")


async def test_nothing_needed_is_nothing_asked() -> None:
    reviewer = Reviewer()
    assert await missing(reviewer, ()) == ()
    assert reviewer.asked == []


def test_roles_are_yaml_that_grants_exactly_the_needs() -> None:
    granted = set()
    for role in yaml.safe_load_all(roles(NEEDS, "bevel-tui-x")):
        assert role["kind"] == ("Role" if role["metadata"].get("namespace") else "ClusterRole")
        for rule in role["rules"]:
            granted |= {
                Need(role["metadata"].get("namespace"), group, resource, verb)
                for group in rule["apiGroups"]
                for resource in rule["resources"]
                for verb in rule["verbs"]
            }
    assert granted == set(NEEDS)
    assert roles((), "x") == ""
