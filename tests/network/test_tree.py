"""YAML text -> data and lines: positions, limits, and a plain sentence for whatever is no YAML."""

from __future__ import annotations

import math

import pytest

from bevel_tui.network.tree import MAX_DEPTH, YamlSyntaxError, read


def test_data_and_lines() -> None:
    tree = read("a: 1\nb:\n  - x\n  - {c: yes, d: '1'}\n")
    assert tree.data == {"a": 1, "b": ("x", {"c": "yes", "d": "1"})}
    assert [tree.line(p) for p in [("a",), ("b",), ("b", 0), ("b", 1, "c")]] == [1, 2, 3, 4]
    assert tree.line(("b", 1, "absent", 3)) == 4, "the nearest thing around it"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("0x1f", 31),
        ("0o17", 15),
        ("012", 12),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("-.inf", -math.inf),
        ("~", None),
        ("'~'", "~"),
        ("!!str 5", "5"),
        ("2001-01-01", "2001-01-01"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    got = read(f"a: {text}").data["a"]
    assert got == value
    assert type(got) is type(value)


def test_not_a_number() -> None:
    assert math.isnan(read("a: .nan").data["a"])


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a:\n\tb: 1\n", 2, 1, "tab"),
        ("a: b: c\n", 1, 5, "`:`"),
        ("a: 'x\nb: 1\n", 3, 1, "quotation mark of line 1"),
        ("a: [1, 2\nb: 3\n", 2, 2, "bracket of line 1"),
        ("a:\n  b: 1\n c: 2\n", 3, 2, "indented"),
        ("a: @x\n", 1, 4, "quotes"),
        ("é: \x01\n", 1, 4, "character"),
        ("a: *nobody\n", 1, 4, "no anchor"),
        ("a: &x [*x]\n", 1, 8, "inside itself"),
        ("a: 1\n---\nb: 2\n", 2, 1, "more than one document"),
        ("[" * 500, 1, MAX_DEPTH + 1, "nested"),
        ("{a: " * 500, 1, 4 * MAX_DEPTH + 1, "nested"),
        ("%YAML 3.0\n---\na: 1\n", 1, 1, "no YAML"),
    ],
)
def test_syntax_errors_name_their_place(text: str, line: int, column: int, says: str) -> None:
    with pytest.raises(YamlSyntaxError) as caught:
        read(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert says in caught.value.message


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000])
def test_depth_without_end_is_refused_by_whoever_notices_first(text: str) -> None:
    with pytest.raises(YamlSyntaxError, match=f"nested more than {MAX_DEPTH} levels"):
        read(text)


@pytest.mark.parametrize("text", ["", "# only words\n", "\n\n"])
def test_empty(text: str) -> None:
    with pytest.raises(YamlSyntaxError, match="is empty"):
        read(text)


def test_aliases_are_written_out_and_keep_the_lines_of_their_anchor() -> None:
    tree = read("a: &one\n  x: 1\nb: *one\n")
    assert tree.data["b"] == {"x": 1}
    assert tree.line(("b", "x")) == 2


def test_aliases_cannot_explode() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
    )
    with pytest.raises(YamlSyntaxError, match="values"):
        read(bomb)


def test_aliases_cannot_dig() -> None:
    deep = "a0: &a0 [[[[[[x]]]]]]\n" + "".join(f"a{i}: &a{i} [[[[[*a{i - 1}]]]]]\n" for i in range(1, 30))
    with pytest.raises(YamlSyntaxError, match="nested"):
        read(deep)


@pytest.mark.parametrize(
    ("text", "code", "path"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", ("a",)),
        ("x: {a: 1, a: 1}\n", "duplicate-key", ("x", "a")),
        ("1: x\n'1': y\n", "duplicate-key", ("1",)),
        ("a: !!python/object/apply:os.system [x]\n", "yaml-tag", ("a",)),
        ("? [a]\n: 1\n", "yaml-key", ()),
        ("~: 1\n", "yaml-key", ()),
        ("a: &a {x: 1}\nb: {<<: *a}\n", "yaml-merge", ("b", "<<")),
    ],
)
def test_problems_are_collected(text: str, code: str, path: tuple[str, ...]) -> None:
    assert [(p.code, p.path) for p in read(text).problems] == [(code, path)]


def test_both_lines_of_a_duplicate_key() -> None:
    (problem,) = read("a: 1\nb: 2\na: 3\n").problems
    assert "lines 1 and 3" in problem.message
