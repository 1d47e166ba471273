"""Who is in a Fabric channel, and who signs when that changes."""

from __future__ import annotations

import pytest

from bevel_tui.network.membership import Update, consenters, grown, majority, members, ordered, orderers
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


def ordering(**orderers: int) -> Network:
    return fabric(
        platform={"channels": [{"name": "all", "participants": ["a", "b"]}]},
        organizations=[
            {"name": name, "cluster": "east", "fabric": {"orderers": count, "peers": 1}}
            for name, count in orderers.items()
        ],
    )


def test_orderers_come_and_go_one_after_the_other() -> None:
    before = ordering(a=3, b=0)
    made = {"all": orderers(before)}
    assert made["all"] == ("a/orderer1", "a/orderer2", "a/orderer3")
    more, unsigned = ordered(ordering(a=5, b=0), made, ())
    assert [(u.number, u.orderer, u.joins, u.signers) for u in more] == [
        (1, "orderer4", True, ("a",)),
        (2, "orderer5", True, ("a",)),
    ]
    assert unsigned == ()
    assert consenters("all", made, more)[-1] == "a/orderer5"
    fewer, _ = ordered(ordering(a=2, b=0), made, more)
    assert {(u.number, u.orderer, u.joins) for u in fewer} == {
        (3, "orderer3", False),
        (4, "orderer4", False),
        (5, "orderer5", False),
    }


def test_the_owner_of_an_orderer_signs_first_and_newcomers_to_ordering_do_not_come_this_way() -> None:
    made = {"all": orderers(ordering(a=3, b=2))}
    (update,), _ = ordered(ordering(a=3, b=3), made, ())
    assert (update.organization, update.signers) == ("b", ("b", "a"))
    assert ordered(ordering(a=3, b=2), {"all": orderers(ordering(a=3, b=0))}, ()) == ((), ())


def test_members_and_orderers_of_one_channel_share_its_numbers() -> None:
    before, both = ordering(a=1, b=0), ordering(a=2, b=0)
    past = Past.of(before).after(both)
    assert [u.number for u in past.updates] == [1]
    assert members("all", past.channels, past.updates) == ("a", "b")
    assert of_data(to_data(past), both) == past
    old = {key: text for key, text in to_data(Past.of(before)).items() if key != "consenters.json"}
    assert of_data(old, before).after(both) == past
