"""What `plan --diff` says of two trees of values: the leaves that differ, and nothing that may be a secret."""

from __future__ import annotations

import pytest

from bevel_tui.engine.differences import compare

HTTP = {"name": "http", "port": 80}
P2P = {"name": "tcp-15010", "port": 15010}


@pytest.mark.parametrize(
    ("observed", "wanted", "said"),
    [
        ({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}, ["b.c: 2 -> 3"]),
        (
            {"ports": [HTTP]},
            {"ports": [HTTP, P2P]},
            ['ports[tcp-15010]: (absent) -> {"name": "tcp-15010", "port": 15010}'],
        ),
        (
            {"ports": [P2P, HTTP]},
            {"ports": [HTTP]},
            ['ports[tcp-15010]: {"name": "tcp-15010", "port": 15010} -> (absent)'],
        ),
        ({"ports": [HTTP]}, {"ports": [{**HTTP, "port": 81}]}, ["ports[0].port: 80 -> 81"]),
        ({"hosts": ["a"]}, {"hosts": ["a", "b"]}, ['hosts: ["a"] -> ["a", "b"]']),
        (
            {"passwords": [{"name": "a"}]},
            {"passwords": [{"name": "a"}, {"name": "b"}]},
            ["passwords[b]: (absent) -> ***"],
        ),
        ({"x": [{"name": "a.b"}]}, {"x": []}, ['x: [{"name": "a.b"}] -> []']),
        ({"x": None}, {"x": []}, []),
    ],
)
def test_leaves_that_differ(observed: object, wanted: object, said: list[str]) -> None:
    assert [str(one) for one in compare(observed, wanted)] == said
