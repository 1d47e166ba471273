"""YAML text -> plain data and the line of everything in it, for any input whatever.

PyYAML's own composer forgets duplicate keys, recurses as deep as its input and expands aliases without end. So
only libyaml's events are used, and the tree is built here: with positions, limits, and problems collected instead
of raised. Scalars follow YAML 1.2's core schema, as editors with the JSON Schema see them: `yes`, `on`, `012:30`
are texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from bevel_tui.network.problem import Problem, YamlPath, error, printable

MAX_DEPTH = 40
#: values after aliases are expanded; a preset of a hundred organizations has some two thousand
MAX_VALUES = 50_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,40}|[0-9]{1,40}(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,4})?")
_SPECIAL = re.compile(r"([-+]?\.(inf|Inf|INF))|\.(nan|NaN|NAN)")
_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}


class YamlSyntaxError(Exception):
    """The text is no YAML document. `line` and `column` count from 1; None where there is no place to name."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(slots=True)
class Tree:
    """A document: `data` of dicts, tuples and scalars; `lines` (from 1) by path; `problems` found on the way."""

    data: Any
    lines: dict[YamlPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: YamlPath) -> int:
        """The line of `path`, or of the nearest thing around it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(slots=True)
class _Node:
    line: int
    column: int
    kind: str  # scalar, seq, map
    value: Any = None  # of a scalar
    text: str = ""  # of a scalar, as written
    plain: bool = True  # of a scalar: not quoted
    items: list[_Node] = field(default_factory=list)  # seq: items; map: key, value, key, value...
    closed: bool = False
    tag: str | None = None


def scalar(text: str, *, plain: bool = True) -> object:
    """The value of a scalar by YAML 1.2's core schema; quoted ones (`plain` false) are always text."""
    if not plain:
        return text
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
    if _FLOAT.fullmatch(text) or _SPECIAL.fullmatch(text):
        return _float(text.lower())
    return text


def _float(text: str) -> float:
    return float(text.replace(".", "", 1) if text.endswith(("inf", "nan")) else text)


def read(text: str) -> Tree:
    """Parse one YAML document.

    Raises YamlSyntaxError for what is no document at all; duplicate keys, foreign tags and keys that are not text
    are reported in `Tree.problems`.
    """
    anchors: dict[str, _Node] = {}
    stack: list[_Node] = []
    root: _Node | None = None
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            mark: Any = event.start_mark
            line, column = mark.line + 1, mark.column + 1
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise YamlSyntaxError("holds more than one document (a second `---`)", line, column)
            if isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
                stack.pop().closed = True
                continue
            if isinstance(event, yaml.AliasEvent):
                name = str(event.anchor)
                if name not in anchors:
                    raise YamlSyntaxError(f"`*{printable(name)}` refers to no anchor above it", line, column)
                node = anchors[name]
                if not node.closed:
                    raise YamlSyntaxError(f"`*{printable(name)}` stands inside itself", line, column)
            elif isinstance(event, yaml.ScalarEvent):
                plain = event.tag != "tag:yaml.org,2002:str" if event.tag else not event.style
                value = scalar(event.value, plain=plain)
                node = _Node(line, column, "scalar", value, event.value, plain, closed=True, tag=event.tag)
            elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
                kind = "seq" if isinstance(event, yaml.SequenceStartEvent) else "map"
                node = _Node(line, column, kind, tag=event.tag)
            else:
                continue
            if isinstance(event, yaml.NodeEvent) and event.anchor and not isinstance(event, yaml.AliasEvent):
                anchors[event.anchor] = node
            if stack:
                stack[-1].items.append(node)
            else:
                root = node
            if node.kind != "scalar" and not isinstance(event, yaml.AliasEvent):
                stack.append(node)
                if len(stack) > MAX_DEPTH:
                    raise YamlSyntaxError(f"is nested more than {MAX_DEPTH} levels deep", line, column)
    except yaml.MarkedYAMLError as exc:
        at = exc.problem_mark or exc.context_mark
        line, column = (at.line + 1, at.column + 1) if at else (None, None)
        raise YamlSyntaxError(_hint(exc, text), line, column) from None
    except yaml.reader.ReaderError as exc:
        before = text.encode(errors="replace")[: exc.position].decode(errors="ignore")  # libyaml counts bytes
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise YamlSyntaxError("holds a character that YAML does not allow", line, column) from None
    except (yaml.YAMLError, ValueError) as exc:  # ValueError: surrogates that cannot be encoded
        raise YamlSyntaxError(f"cannot be read as YAML ({printable(str(exc))})") from None
    if root is None:
        raise YamlSyntaxError("is empty")
    tree = Tree(None)
    tree.data = _Builder(tree).build(root, (), 0)
    return tree


def _hint(exc: yaml.MarkedYAMLError, text: str) -> str:
    """libyaml's words, or better: what people usually did to get them."""
    problem, context, mark, opened = exc.problem or "", exc.context or "", exc.problem_mark, exc.context_mark
    lines = text.split("\n")
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if "nesting depth" in problem:  # libyaml's own limit, from 0.2.6 on; it reads ahead of the events
        return f"is nested more than {MAX_DEPTH} levels deep"
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "is indented with a tab; YAML wants spaces"
    if "mapping values are not allowed" in problem:
        return "has a `:` where none may be (a line above may be indented wrongly, or a text with `: ` needs quotes)"
    if "quoted scalar" in context and opened:
        return f"never closes the quotation mark of line {opened.line + 1}"
    if "flow" in context and opened:
        return f"never closes, or wrongly goes on after, the bracket of line {opened.line + 1}"
    if "cannot start any token" in problem:
        return "has a text that begins with a special character (such as @ or `); put it in quotes"
    if "block mapping" in context or "block collection" in context:
        return "is indented otherwise than the lines above it, or a `key:` is missing here"
    return f"is no YAML: {printable(' '.join(part for part in (problem, context) if part) or 'unknown reason', 160)}"


class _Builder:
    """Turns nodes into data, noting lines; counts values so that aliases cannot make it explode."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.count = 0

    def build(self, node: _Node, path: YamlPath, depth: int) -> Any:
        self.count += 1
        if self.count > MAX_VALUES:
            raise YamlSyntaxError(f"holds more than {MAX_VALUES} values (aliases written out)", node.line, node.column)
        if depth > MAX_DEPTH:
            raise YamlSyntaxError(
                f"is nested more than {MAX_DEPTH} levels deep (aliases written out)", node.line, node.column
            )
        self.tree.lines.setdefault(path, node.line)
        if node.tag and node.tag not in _TAGS and node.tag != "!":
            self.problem("yaml-tag", path, f"the tag `{printable(node.tag)}` is not understood; write the plain value")
        if node.kind == "seq":
            return tuple(self.build(item, (*path, i), depth + 1) for i, item in enumerate(node.items))
        if node.kind == "map":
            return self.mapping(node, path, depth)
        return node.value

    def mapping(self, node: _Node, path: YamlPath, depth: int) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key, value in zip(node.items[::2], node.items[1::2], strict=True):
            if key.kind != "scalar" or key.value is None:
                self.tree.problems.append(
                    error("yaml-key", path, f"the key at line {key.line} is no text; a key is a word before a colon")
                )
                continue
            name = key.value if isinstance(key.value, str) else key.text
            here = (*path, name)
            if name in built:
                self.problem(
                    "duplicate-key",
                    here,
                    f"`{printable(name)}` stands twice, at lines {self.tree.lines[here]} and {key.line}; keep one",
                )
                continue
            if name == "<<" and key.plain:
                self.tree.lines[here] = key.line
                self.problem("yaml-merge", here, "merge keys (`<<`) are not understood; write the values out")
                continue
            self.tree.lines[here] = key.line
            built[name] = self.build(value, here, depth + 1)
        return built

    def problem(self, code: str, path: YamlPath, message: str) -> None:
        self.tree.problems.append(error(code, path, message))
