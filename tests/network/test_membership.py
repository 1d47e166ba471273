"""Who is in a Fabric channel, and who signs when that changes."""

from __future__ import annotations

import pytest

from bevel_tui.network.membership import Update, grown, majority, members
from bevel_tui.network.model import Network
from bevel_tui.network.past import Past, of_data, to_data
from tests.platforms.networks import fabric

MADE = {"all": ("a", "b", "c")}


def network(*participants: str, organizations: str = "abcde") -> Network:
    return fabric(
        platform={"channels": [{"name": "all", "participants": list(participants)}]},
        organizations=[
            {"name": name, "cluster": "east", "fabric": {"orderers": int(name == "a"), "peers": 1}}
            for name in organizations
        ],
    )


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_a_majority_is_more_than_half(count: int, needed: int) -> None:
    assert majority("x" * count) == needed


def test_newcomers_count_for_the_next_one() -> None:
    updates, unsigned = grown(network("a", "b", "c", "d", "e"), MADE, ())
    assert updates == (
        Update("all", 1, "d", True, ("a", "b")),
        Update("all", 2, "e", True, ("a", "b", "c")),
    )
    assert unsigned == ()
    assert members("all", MADE, updates) == ("a", "b", "c", "d", "e")


def test_who_leaves_is_asked_last_and_leaves_first() -> None:
    updates, _ = grown(network("b", "c", "d"), MADE, ())
    assert updates == (Update("all", 1, "a", False, ("b", "c")), Update("all", 2, "d", True, ("b", "c")))
    two = {"all": ("a", "b")}
    assert grown(network("b"), two, ())[0] == (Update("all", 1, "a", False, ("b", "a")),)


def test_of_an_organization_only_the_last_update_counts_and_numbers_go_on() -> None:
    came, _ = grown(network("a", "b", "c", "d"), MADE, ())
    left, _ = grown(network("a", "b", "c"), MADE, came)
    assert left == (Update("all", 2, "d", False, ("a", "b", "c")),)
    again, _ = grown(network("a", "b", "c", "d"), MADE, left)
    assert again == (Update("all", 3, "d", True, ("a", "b")),)
    assert grown(network("a", "b", "c", "d"), MADE, again) == (again, ())


def test_members_who_are_gone_still_count() -> None:
    two = {"all": ("a", "b")}
    updates, unsigned = grown(network("a", organizations="a"), two, ())
    assert updates == ()
    assert [(one.organization, one.joins, one.needed, one.there) for one in unsigned] == [("b", False, 2, ("a",))]
    _, unsigned = grown(network("a", "d", organizations="ad"), two, ())
    assert ("d", True, 2) in [(one.organization, one.joins, one.needed) for one in unsigned]


def test_a_channel_that_is_new_or_gone_has_no_updates() -> None:
    assert grown(network("a", "b"), {}, ()) == ((), ())
    assert grown(network("a", "b"), {}, (Update("old", 1, "c", True, ("a",)),)) == ((), ())


def test_updates_are_remembered() -> None:
    before, after = network("a", "b", "c"), network("a", "b", "c", "d")
    past = Past.of(before).after(after)
    assert past.updates == (Update("all", 1, "d", True, ("a", "b")),)
    assert of_data(to_data(past), after) == past
    assert past.after(after) == past
