"""Genesis data: what is written can be read back, and has Besu's documented form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bevel_tui.sandbox.players import ethereum

ADDRESSES = ["be068f726a13c8d46c44be6ce9d275600e1735a4", "5ff6f4b66a46a2b2310a6f3a93aaddc0d9a1c193"]
items = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=5), max_leaves=20)


@given(items)
def test_rlp_round_trip(item: ethereum.Item) -> None:
    assert ethereum.decode(ethereum.encode(item)) == item


@pytest.mark.parametrize(
    ("item", "wire"),
    [(b"dog", "83646f67"), ([b"cat", b"dog"], "c88363617483646f67"), (b"", "80"), ([], "c0"), (b"\x0f", "0f")],
)
def test_rlp_as_in_the_ethereum_documentation(item: ethereum.Item, wire: str) -> None:
    assert ethereum.encode(item).hex() == wire


def test_qbft_extra_data_as_besu_documents_it() -> None:
    # RLP of [32 bytes vanity, [validators], no vote, round 0, no seals]
    data = ethereum.extra_data("qbft", ADDRESSES)
    assert data.startswith("0xf84fa0" + "00" * 32 + "ea94" + ADDRESSES[0] + "94" + ADDRESSES[1])
    assert data.endswith("c080c0")


@pytest.mark.parametrize("consensus", ["qbft", "ibft2", "clique"])
@pytest.mark.parametrize("count", [1, 4, 30])
def test_validators_are_found_again(consensus: str, count: int) -> None:
    addresses = [ethereum.new_key().address for _ in range(count)]
    genesis = {"config": {consensus: {}}, "extraData": ethereum.extra_data(consensus, addresses)}
    assert ethereum.validators_of(genesis) == addresses


@given(st.text(max_size=40))
def test_unreadable_extra_data_names_nobody(text: str) -> None:
    assert ethereum.validators_of({"extraData": f"0xzz{text}"}) == []


def test_address_of_a_known_key() -> None:
    key = ethereum.key_of("8f2a55949038a9610f50fb23b5883af3b4ecb3c3bb792cbcefbd1542c692be63")
    assert key.address == "fe3b557e8fb62b89f4916b721be55ceb828dbd73"
    assert len(key.public) == 128
