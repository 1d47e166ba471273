"""Whatever happened to a Fabric network, what follows from it can be planned: no step needs one that is not there, and
every update has its majority."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bevel_tui.network.membership import majority, members
from bevel_tui.network.model import Network
from bevel_tui.network.past import Past, of_data, to_data
from bevel_tui.network.rules import problems
from bevel_tui.plan.build import build
from tests.platforms.networks import fabric

NAMES = ("alpha", "beta", "gamma", "delta")


@st.composite
def networks(draw: st.DrawFn, version: str) -> Network:
    names = ["alpha", *draw(st.lists(st.sampled_from(NAMES[1:]), unique=True, max_size=3))]
    organizations = [
        {
            "name": name,
            "cluster": draw(st.sampled_from(["east", "west"])) if name not in NAMES[:2] else "east",
            "fabric": {
                "orderers": draw(st.integers(1, 4)) if name in NAMES[:2] else 0,
                "peers": draw(st.integers(1, 2)),
            },
        }
        for name in names
    ]
    some = st.lists(st.sampled_from(names), unique=True, min_size=1)
    channels = [{"name": name, "participants": draw(some)} for name in draw(st.sampled_from([["a"], ["a", "b"]]))]
    if version == "2.2.2":
        channels[0]["participants"] = names
    return fabric(platform={"version": version, "channels": channels}, organizations=organizations)


@settings(max_examples=30)
@given(data=st.data(), version=st.sampled_from(["2.5.4", "2.2.2"]))
def test_histories(data: st.DataObject, version: str) -> None:
    history = [network for network in data.draw(st.lists(networks(version), min_size=1, max_size=5)) if good(network)]
    if not history:
        return
    past = Past.of(history[0])
    for network in history[1:]:
        before = past
        past = of_data(to_data(past.after(network)), network)
        assert past.after(network) == past
        build(network, past)
        for update in past.updates:
            if update not in before.updates and not update.orderer:
                earlier = [u for u in past.updates if (u.channel, u.number) < (update.channel, update.number)]
                known = members(update.channel, past.channels, earlier)
                # of updates that came before and were overtaken nothing is known here: they can only have added to it
                assert len(update.signers) >= 1
                assert len(update.signers) <= majority(range(len(known) + len(NAMES)))
                assert set(update.signers) <= {o.name for o in network.organizations}


def good(network: Network) -> bool:
    return not [problem for problem in problems(network) if problem.severity == "error"]
