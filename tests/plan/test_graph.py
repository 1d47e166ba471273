"""Order and critical path over random graphs, and the words for steps that make no graph."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.plan.graph import Plan, PlanError, longest_path, ordered
from bevel_tui.records.steps import NamespaceStep, Step


def step(name: str, *needs: str, estimate: float = 1.0) -> NamespaceStep:
    return NamespaceStep(id=name, cluster="c", namespace=name, needs=needs, estimate=estimate)


@st.composite
def graphs(draw: st.DrawFn) -> list[Step]:
    """Acyclic steps, listed in any order, whose names say nothing about their needs."""
    count = draw(st.integers(1, 9))
    names = draw(st.permutations([f"s{i}" for i in range(count)]))
    steps = [
        step(
            name,
            *draw(st.lists(st.sampled_from(names[:index]), unique=True) if index else st.just([])),
            estimate=draw(st.integers(0, 20)),
        )
        for index, name in enumerate(names)
    ]
    return list(draw(st.permutations(steps)))


@given(graphs())
def test_every_step_comes_after_all_it_needs(steps: list[Step]) -> None:
    names = [s.id for s in ordered(steps)]
    assert sorted(names) == sorted(s.id for s in steps)
    for item in steps:
        assert all(names.index(need) < names.index(item.id) for need in item.needs)


@given(graphs(), st.integers())
def test_the_order_does_not_depend_on_how_steps_were_listed(steps: list[Step], seed: int) -> None:
    shuffled = list(steps)
    random.Random(seed).shuffle(shuffled)
    assert ordered(steps) == ordered(shuffled)


@given(graphs())
def test_among_steps_that_may_come_next_the_smallest_id_does(steps: list[Step]) -> None:
    done: set[str] = set()
    for item in ordered(steps):
        free = [s.id for s in steps if s.id not in done and done.issuperset(s.needs)]
        assert item.id == min(free)
        done.add(item.id)


def brute_force(steps: list[Step]) -> float:
    """The longest path's length, by walking every path."""
    table = {s.id: s for s in steps}

    def length(name: str) -> float:
        return table[name].estimate + max((length(need) for need in table[name].needs), default=0)

    return max(length(name) for name in table)


@given(graphs())
def test_the_critical_path_is_a_longest_path(steps: list[Step]) -> None:
    table = {s.id: s for s in steps}
    path = longest_path(ordered(steps))
    assert sum(table[name].estimate for name in path) == brute_force(steps)
    assert not table[path[0]].needs or all(brute_force_of(table, need) == 0 for need in table[path[0]].needs)
    for before, after in itertools.pairwise(path):
        assert before in table[after].needs


def brute_force_of(table: dict[str, Step], name: str) -> float:
    return table[name].estimate + max((brute_force_of(table, need) for need in table[name].needs), default=0)


@given(graphs(), st.randoms(use_true_random=False))
def test_the_critical_path_of_a_run_goes_by_its_own_durations(steps: list[Step], rng: random.Random) -> None:
    durations = {s.id: float(rng.randint(0, 9)) for s in steps}
    path = longest_path(ordered(steps), durations)
    timed = [step(s.id, *s.needs, estimate=durations[s.id]) for s in steps]
    assert sum(durations[name] for name in path) == brute_force(timed)


def test_a_step_that_did_not_run_counts_nothing() -> None:
    assert longest_path(ordered([step("a"), step("b", "a"), step("c")]), {"c": 2.0}) == ("c",)


def test_no_steps_no_path() -> None:
    assert longest_path(()) == ()


def test_a_circle_is_named() -> None:
    with pytest.raises(PlanError, match=r"circle: b -> c -> b$"):
        ordered([step("a"), step("b", "a", "c"), step("c", "b"), step("d", "c")])


def test_a_need_that_names_no_step_is_named_with_the_step_that_has_it() -> None:
    with pytest.raises(PlanError, match="step b needs nowhere, which no step is called"):
        ordered([step("a"), step("b", "a", "nowhere")])


def test_an_id_given_twice_is_refused() -> None:
    with pytest.raises(PlanError, match="two steps are called a"):
        ordered([step("a"), step("a")])


def test_a_need_listed_twice_counts_once() -> None:
    assert [s.id for s in ordered([step("b", "a", "a"), step("a")])] == ["a", "b"]


def plan(*steps: Step) -> Plan:
    return Plan("n", "besu", "no gateway", ordered(steps))


def test_a_plan_knows_its_steps_and_who_needs_them() -> None:
    made = plan(step("a"), step("c", "a"), step("b", "a"), step("d", "b", "c", estimate=3))
    assert made.step("b").needs == ("a",)
    assert made.dependants("a") == ("b", "c")
    assert made.dependants("d") == ()
    assert made.critical_path() == ("a", "b", "d")
    assert made.estimate == 5
    with pytest.raises(KeyError):
        made.step("e")


def test_the_id_follows_everything_a_plan_says() -> None:
    base = plan(step("a"), step("b", "a"))
    assert base.id == plan(step("b", "a"), step("a")).id
    assert len({base.id, plan(step("a"), step("b")).id, plan(step("a"), step("b", "a", estimate=2)).id}) == 3
    assert len(base.id) == 12
    int(base.id, 16)
