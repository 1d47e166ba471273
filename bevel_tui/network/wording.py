"""What the models refuse, in plain sentences: pydantic's errors re-worded, with the YAML path of each.

No sentence repeats a value from a place where a secret could have been pasted.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from bevel_tui.network import schema
from bevel_tui.network.problem import Problem, YamlPath, error, printable

#: unions told apart by a field: pydantic puts the tag into the path, the YAML does not have it
TAGGED: dict[YamlPath, str] = {("platform",): "type"}

_NAME = "may hold lower-case letters, digits and hyphens only, and begin and end with a letter or digit"
#: what a pattern of the models means; those not listed are shown as they are
PATTERNS: dict[str, str] = {
    r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$": _NAME,
    r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$": (
        "must be a DNS name of at least two labels in lower case, such as east.example.com "
        "(no scheme, no wildcard, no final dot)"
    ),
    r"^[a-z]([a-z0-9-]*[a-z0-9])?$": (
        "may hold lower-case letters, digits and hyphens only, begin with a letter and end with a letter or digit"
    ),
    r"^[A-Za-z_][A-Za-z0-9_]*$": "must be the name of an environment variable (letters, digits, underscores)",
    r"^[0-9]{1,5}-[0-9]{1,5}$": "must be a range of ports such as 15010-15050",
    r"^https?://": "must be a URL that begins with https:// or http://",
    r"^oci://": "must be a URL that begins with oci://",
    r"^sha256:[0-9a-f]{64}$": "must be sha256: and 64 hexadecimal digits",
    r"^[A-Za-z]+=[^,=]+(,[A-Za-z]+=[^,=]+)*$": "must be an X.509 subject such as O=Supplychain,L=London,C=GB",
    r"^[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}$": "must be an image tag such as 23.10.2",
}
#: patterns whose offending value may be repeated: names and domains, nothing that could carry credentials
_SHOWN = {p for p in PATTERNS if PATTERNS[p] is _NAME or "DNS" in PATTERNS[p] or "range" in PATTERNS[p]}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    choices = list(known)
    folded = {c.lower().replace("-", "").replace("_", ""): c for c in choices}
    key = word.lower().replace("-", "").replace("_", "")
    if key in folded:
        return folded[key]
    close = difflib.get_close_matches(word.lower()[:100], choices, n=1, cutoff=0.6)
    return close[0] if close else None


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?`, or the list of what is known."""
    choices = sorted(set(known))
    close = nearest(word, choices)
    if close:
        return f"; did you mean `{close}`?"
    return f"; known here: {', '.join(choices)}" if choices else ""


def problems(errors: Iterable[Mapping[str, Any]]) -> list[Problem]:
    """Pydantic's `ValidationError.errors()` as problems, in their order; consequences of others are left out."""
    return [_problem(e) for e in errors if not _consequence(e)]


def without_echoes(found: list[Problem]) -> list[Problem]:
    """Problems without those that a mistyped key beside them explains: what it meant is missing, or needed by a rule."""
    mistyped = {
        (*p.path[:-1], p.message.rsplit("`", 2)[1])
        for p in found
        if p.code == "unknown-key" and "did you mean" in p.message
    }
    return [p for p in found if ((*p.path, missing_name(p)) if p.code == "missing" else p.path) not in mistyped]


def missing_name(problem: Problem) -> str:
    """Which field a problem of code `missing` misses (its path is the parent's, which has a line)."""
    return problem.message.split("`")[1]


def _consequence(e: Mapping[str, Any]) -> bool:
    """Pydantic counts only good entries: a list of bad ones is called too short besides."""
    return bool(e["type"] == "too_short" and len(e["input"]) >= e["ctx"]["min_length"])


def path_of(loc: tuple[int | str, ...]) -> YamlPath:
    """The YAML path of a pydantic location: without union tags and the marks for keys of a mapping."""
    path: YamlPath = ()
    parts = list(loc)
    while parts:
        part = parts.pop(0)
        if part == "[key]":
            continue
        path = (*path, part)
        if path in TAGGED and parts:
            parts.pop(0)
    return path


def _problem(e: Mapping[str, Any]) -> Problem:
    path, kind = path_of(e["loc"]), e["type"]
    if kind == "missing":
        return error("missing", path[:-1], f"`{path[-1]}` is missing{_about(path)}")
    if kind == "extra_forbidden":
        return error("unknown-key", path, _unknown(path, e))
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        return _tag(path, e)
    if e["input"] is None and kind != "value_error":
        return error("type", path, "is empty; give it a value or remove the line")
    if _secret(path):
        return error("type", path, _secret_words(e))
    return error("type" if kind.endswith(("_type", "_parsing", "_from_float")) else "value", path, _sentence(path, e))


def _about(path: YamlPath) -> str:
    """What a field is for, as the schema has it: `: Name of the cluster...`."""
    said = [node["description"] for node in schema.at(path) if node.get("description")]
    return f": {said[0].rstrip('.')}" if said else ""


def _unknown(path: YamlPath, e: Mapping[str, Any]) -> str:
    parents = schema.at(path[:-1])
    word = str(path[-1])
    tag = e["loc"][len(path) - 1] if path[:-1] in TAGGED else None
    if tag is not None:  # only the branch that was chosen
        parents = [p for p in parents if p.get("properties", {}).get("type", {}).get("const") == tag]
    known = {name: node for parent in parents for name, node in parent.get("properties", {}).items()}
    if nearest(word, known) is None:
        for name in known:  # the right key one level too high
            if any(word in below.get("properties", {}) for below in schema.at((*path[:-1], name))):
                return f"unknown key `{printable(word)}` here; it belongs under `{name}:`"
    return f"unknown key `{printable(word)}`{meant(word, known)}"


def _tag(path: YamlPath, e: Mapping[str, Any]) -> Problem:
    field = TAGGED.get(path, "type")
    known = [c.strip().strip("'") for c in str(e.get("ctx", {}).get("expected_tags", "")).split(",") if c.strip()]
    if not known:
        known = [n["properties"][field]["const"] for n in schema.at(path)]
    given = e["input"].get(field) if isinstance(e["input"], dict) else None
    if given is None:
        return error("missing", path, f"`{field}` is missing: one of {', '.join(known)}")
    close = nearest(given, known) if isinstance(given, str) else None
    guess = f"; did you mean {close}?" if close else ""
    return error("value", (*path, field), f"must be one of {', '.join(known)}, not {_value(given)}{guess}")


def _secret(path: YamlPath) -> bool:
    nodes = schema.at(path)
    return bool(nodes) and set(nodes[0].get("properties", {})) == {"env", "file"}


def _secret_words(e: Mapping[str, Any]) -> str:
    if e["type"] == "value_error":
        return "must have exactly one of `env` and `file`"
    return "must be a reference, {env: NAME} or {file: path}; a preset never holds a secret itself"


def _value(value: object) -> str:
    """A wrong value, short and safe to print."""
    if isinstance(value, str):
        return f'"{printable(value)}"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, tuple | list):
        return "a list"
    return "nothing" if value is None else printable(str(value))


def _kind(value: object) -> str:
    """What a value is, without the value."""
    if isinstance(value, bool):
        return f"the truth value {_value(value)}"
    if isinstance(value, int | float):
        return f"the number {_value(value)}"
    return "a text" if isinstance(value, str) else _value(value)


def _sentence(path: YamlPath, e: Mapping[str, Any]) -> str:
    kind, value, ctx = e["type"], e["input"], e.get("ctx", {})
    match kind:
        case "string_type":
            quote = "; put it in quotes" if isinstance(value, int | float) else ""
            return f"must be a text, not {_kind(value)}{quote}"
        case "int_type" | "int_parsing" | "int_from_float":
            return f"must be a whole number, not {_kind(value)}"
        case "float_type" | "float_parsing":
            return f"must be a number, not {_kind(value)}"
        case "finite_number":
            return "must be a finite number"
        case "bool_type" | "bool_parsing":
            return f"must be true or false, not {_value(value) if isinstance(value, str) else _kind(value)}"
        case "tuple_type" | "list_type":
            return f"must be a list (lines beginning with `- `), not {_kind(value)}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"must be a mapping (lines of `key: value`), not {_kind(value)}"
        case "literal_error":
            # the schema knows several platforms' fields of the name, the error the one that is meant
            listed = (c for node in schema.at(path) for c in node.get("enum", [node.get("const")]) if c is not None)
            known = [c for c in dict.fromkeys(listed) if repr(c) in str(ctx.get("expected"))]
            close = nearest(value, known) if isinstance(value, str) and len(known) > 1 else None
            guess = f"; did you mean {close}?" if close else ""
            quote = "; put it in quotes" if isinstance(value, int | float) else ""
            return (
                f"must be {'one of ' if len(known) > 1 else ''}{', '.join(known)}, not {_value(value)}{guess or quote}"
            )
        case "string_pattern_mismatch":
            pattern = ctx["pattern"]
            shown = f": {_value(value)}" if pattern in _SHOWN else ""
            return PATTERNS.get(pattern, f"must match {pattern}") + shown
        case "string_too_long":
            return f"must have at most {ctx['max_length']} characters; it has {len(value)}"
        case "string_too_short":
            return "must not be empty"
        case "too_short":
            return f"must have at least {ctx['min_length']} entry" + ("" if ctx["min_length"] == 1 else "s")
        case "too_long":
            return f"must have at most {ctx['max_length']} entries; it has {len(value)}"
        case "greater_than_equal":
            return f"must be at least {_number(ctx['ge'])}, not {_value(value)}"
        case "greater_than":
            return f"must be greater than {_number(ctx['gt'])}, not {_value(value)}"
        case "less_than_equal":
            return f"must be at most {_number(ctx['le'])}, not {_value(value)}"
        case "value_error":
            return str(ctx.get("error", e["msg"]))
        case _:  # nothing the models ask for today
            return str(e["msg"]).lower()


def _number(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
