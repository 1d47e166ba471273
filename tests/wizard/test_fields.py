"""Declarations of fields: what presets can say, the wizard can ask, and typed text becomes what was meant."""

from __future__ import annotations

from typing import Any

import pytest

from bevel_tui import api
from bevel_tui.network import schema
from bevel_tui.wizard import platforms, sections
from bevel_tui.wizard.draft import SWITCH, Draft
from bevel_tui.wizard.fields import Field, field


def asked(platform: str, gateway: str | None = None) -> list[Field]:
    draft = Draft()
    draft.pick(["a", "b"])
    draft.set(("platform", "type"), platform)
    if gateway:
        draft.set(("gateway", "type"), gateway)
    for switch, value in (("keys", "vault"), ("images", "private"), ("charts", "path"), ("gateway-charts", "oci")):
        draft.set((SWITCH, switch), value)
    draft.set((SWITCH, "edge", 0), "existing")
    draft.set(("dns", "mode"), "rfc2136")
    return [f for s in sections.SECTIONS for g in s.groups(draft) for f in g.fields]


@pytest.mark.parametrize("platform", platforms.PLATFORMS)
def test_every_field_says_what_it_is(platform: str) -> None:
    found = asked(platform)
    assert len({f.id for f in found}) >= len({f.path for f in found}) - 2  # the domain is asked at two places
    for made in found:
        assert made.label and made.help
        assert made.id.replace("-", "").isalnum()


def test_every_scalar_setting_of_every_platform_is_asked() -> None:
    for platform in platforms.PLATFORMS:
        paths = {f.path for f in asked(platform)}
        node = next(n for n in schema.at(("platform",)) if n["properties"]["type"]["const"] == platform)
        for name in node["properties"]:
            if name not in ("channels", "chaincodes", "cordapps"):
                assert ("platform", name) in paths, (platform, name)


def test_a_field_has_the_words_choices_and_default_of_the_model() -> None:
    consensus = field(("platform", "consensus"), "quorum")
    assert (consensus.kind, consensus.choices, consensus.default) == ("choice", ("qbft", "ibft", "raft"), "qbft")
    assert field(("platform", "consensus"), "besu").choices == ("qbft", "ibft2", "clique")
    assert field(("clusters", 0, "domain")).example == "east.example.com"
    assert "facts" not in consensus.help
    with pytest.raises(KeyError):
        field(("clusters", 0, "nonsense"))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", " a b ", "a b"),
        ("text", "", None),
        ("number", "12", 12),
        ("number", "-3", -3),
        ("number", "twelve", "twelve"),
        ("number", "٣", "٣"),
        ("flag", "yes", True),
        ("flag", "N", False),
        ("flag", "perhaps", "perhaps"),
        ("secret", "env:TOKEN", {"env": "TOKEN"}),
        ("secret", "file:~/token", {"file": "~/token"}),
        ("secret", "hunter2", "hunter2"),
        ("secret", "env:", "env:"),
        ("list", "a, b,,c", ["a", "b", "c"]),
        ("map", "a=1, b = x=y", {"a": "1", "b": "x=y"}),
        ("map", "a", "a"),
    ],
)
def test_typed_text(kind: Any, text: str, value: object) -> None:
    made = Field(("x",), "X", kind, "")
    assert made.read(text) == value
    if value is not None and not isinstance(value, str):
        assert made.read(made.show(value)) == value


@pytest.mark.parametrize(
    ("preset", "kept"),
    [
        ("besu-two-clusters", ()),
        ("fabric-chaincode", ("platform.chaincodes",)),
        ("fabric-multi-orderer", ("platform.channels", "organizations.fabric.users")),
    ],
)
def test_what_no_question_asks_for_is_named(preset: str, kept: tuple[str, ...]) -> None:
    assert sections.unasked(Draft.of(api.load(preset))) == kept
