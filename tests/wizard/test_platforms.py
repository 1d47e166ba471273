"""What is told of platforms and gateways agrees with the rules."""

from __future__ import annotations

from bevel_tui.wizard import platforms


def test_only_what_rules_refuse_is_refused() -> None:
    assert platforms.refusals("fabric", 2)["haproxy"] is None
    assert platforms.refusals("fabric", 2)["none"] is not None
    assert platforms.refusals("fabric", 1)["none"] is None
    assert "passed through" in str(platforms.refusals("fabric", 1)["ambassador"])
    assert platforms.refusals("indy", 3)["none"] is None
    assert all(platforms.refusals(p, n)["istio"] for p in platforms.PLATFORMS for n in (1, 2))


def test_every_platform_and_gateway_is_told_of() -> None:
    assert len(platforms.platform_names()) == 7
    for about in (*platforms.PLATFORMS.values(), *platforms.GATEWAYS.values()):
        assert about.title and about.sentence.endswith(".")
