"""What pods saw becomes a matrix: each cell diagnosed as wrong from everywhere, from inside, or as a hairpin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bevel_tui.reachability.agreement import agreement
from bevel_tui.reachability.catalogue import BY_ID
from bevel_tui.reachability.inside.job import job, lasts
from bevel_tui.reachability.inside.paths import Look, judge, questions, seen
from bevel_tui.reachability.inside.script import Question, Sight
from bevel_tui.records.checks import CheckResult
from bevel_tui.records.steps import Endpoint

ADDRESS = {"east": "192.0.2.1", "west": "192.0.2.2"}
PRINT = {"east": "ea" * 32, "west": "e0" * 32}


def host(cluster: str) -> str:
    return f"peer0.{cluster}.test"


def endpoint(cluster: str, name: str = "peer0", port: int = 443) -> Endpoint:
    return Endpoint(
        id=f"{cluster}/{name}/{port}", cluster=cluster, organization="o", release="r", host=f"{name}.{cluster}.test",
        port=port, protocol="tls" if port == 443 else "tcp", probe="tls", service="s.n:1",
    )  # fmt: skip


def here(cluster: str, *, dead: bool = False) -> list[CheckResult]:
    def result(id: str, target: str, status: str = "ok", **facts: str) -> CheckResult:
        return CheckResult(id=id, cluster=cluster, target=target, status=status, summary=id, facts=facts)  # type: ignore[arg-type]

    return [
        result("dns-address", host(cluster), addresses=ADDRESS[cluster]),
        result("tcp-connect", f"{ADDRESS[cluster]}:443", "failed" if dead else "ok"),
        *([] if dead else [result("tls-handshake", f"{host(cluster)}:443", certificate=PRINT[cluster])]),
    ]


def well() -> Sight:
    return Sight(
        {host(c): (ADDRESS[c],) for c in ADDRESS},
        {(host(c), 443, ADDRESS[c]): "open" for c in ADDRESS},
        {(host(c), 443, ADDRESS[c]): PRINT[c] for c in ADDRESS},
        True,
    )


def matrix(east: Sight, west: Sight, *, dead: str = "", **look: object) -> dict[str, CheckResult]:
    known = seen([r for c in ADDRESS for r in here(c, dead=c == dead)])
    asked = {c: questions([endpoint(c)], known[c]) for c in ADDRESS}
    looks = [Look("east", east, context="kind-east", namespace="n", **look), Look("west", west)]  # type: ignore[arg-type]
    return {r.target: r for r in judge(looks, asked, known) if r.id == "cluster-path"}


def with_tcp(word: str, *clusters: str) -> Sight:
    sight = well()
    return replace(
        sight,
        tcp={**sight.tcp, **{(host(c), 443, ADDRESS[c]): word for c in clusters}},
        tls={k: v for k, v in sight.tls.items() if k[2] not in {ADDRESS[c] for c in clusters}},
    )


def with_names(cluster: str, *addresses: str, word: str = "open") -> Sight:
    sight = well()
    key = (host(cluster), 443)
    return replace(
        sight,
        names={**sight.names, host(cluster): addresses},
        tcp={**{k: v for k, v in sight.tcp.items() if k[:2] != key}, **{(*key, a): word for a in addresses}},
        tls={**{k: v for k, v in sight.tls.items() if k[:2] != key}, **{(*key, a): PRINT[cluster] for a in addresses if word == "open"}},
    )  # fmt: skip


def with_certificate(cluster: str, shown: str | None) -> Sight:
    sight = well()
    return replace(sight, tls={**sight.tls, (host(cluster), 443, ADDRESS[cluster]): shown})


#: what is broken -> the cells that fail (or warn), with their codes, and words of one of them
CASES = {
    "nothing": (well(), well(), {}, ""),
    "east's egress is closed": (
        with_tcp("timeout", "west"),
        well(),
        {"east -> west": "path-inside"},
        "only inside east",
    ),
    "west's egress is closed": (well(), with_tcp("refused", "east"), {"west -> east": "path-inside"}, "is refused"),
    "east has no hairpin": (with_tcp("timeout", "east"), well(), {"east -> east": "path-hairpin"}, "their own gateway"),
    "west has no hairpin": (well(), with_tcp("unreachable", "west"), {"west -> west": "path-hairpin"}, "no route"),
    "west's firewall takes this machine only": (
        with_tcp("timeout", "west"),
        with_tcp("timeout", "west"),
        {"east -> west": "path-inside", "west -> west": "path-inside"},
        "inside east, west",
    ),
    "east's resolver knows no west": (with_names("west"), well(), {"east -> west": "path-inside"}, "no address found"),
    "east's resolver leads to nowhere": (
        with_names("west", "10.9.9.9", word="timeout"),
        well(),
        {"east -> west": "path-inside"},
        "10.9.9.9",
    ),
    "east uses a private address": (
        with_names("west", "10.0.0.2"),
        well(),
        {"east -> west": "path-other-address"},
        "by other addresses",
    ),
    "a proxy answers for west": (
        with_certificate("west", "ff" * 32),
        well(),
        {"east -> west": "path-inside"},
        "another certificate is served (ffffffffffffffff",
    ),
    "something cuts TLS to west": (
        with_certificate("west", None),
        well(),
        {"east -> west": "path-inside"},
        "no certificate is served",
    ),
    "own resolver leads elsewhere": (with_names("east"), well(), {"east -> east": "path-inside"}, "no address found"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_break_is_that_cell(case):
    east, west, wanted, words = CASES[case]
    cells = matrix(east, west)
    assert {target: r.code for target, r in cells.items() if r.status in ("failed", "warning")} == wanted
    assert words in " ".join(cells[target].summary for target in wanted)
    declared = {failure.code for failure in BY_ID["cluster-path"].failures}
    for target in wanted:
        assert cells[target].code in declared
        assert cells[target].evidence
        assert cells[target].remedy


def test_what_is_dead_from_here_too_is_wrong_from_everywhere():
    cells = matrix(with_tcp("timeout", "west"), with_tcp("timeout", "west"), dead="west")
    assert {t: r.code for t, r in cells.items() if r.status == "failed"} == {
        "east -> west": "path-everywhere",
        "west -> west": "path-everywhere",
    }
    assert "Mend what the checks of west" in (cells["east -> west"].remedy or "")


def test_network_policies_are_named_as_the_likely_cause():
    cells = matrix(with_tcp("timeout", "west"), well(), policies=("deny-all",))
    assert "NetworkPolicy deny-all" in (cells["east -> west"].remedy or "")
    assert cells["east -> west"].command == "kubectl --context kind-east -n n describe networkpolicy deny-all"


def test_a_closed_port_is_one_trouble_and_not_one_more_per_certificate():
    closed = with_tcp("refused", "west")
    key = (host("west"), 443, ADDRESS["west"])
    cells = matrix(replace(closed, tls={**closed.tls, key: None, ("peer1.west.test", *key[1:]): None}), well())
    assert len(cells["east -> west"].evidence) == 1
    assert cells["east -> west"].command == "kubectl --context kind-east -n n get networkpolicy"
    cells = matrix(with_names("west"), well())
    assert "coredns" in (cells["east -> west"].command or "")


def test_without_a_pod_its_row_is_skipped_and_says_why():
    known = seen([r for c in ADDRESS for r in here(c)])
    asked = {c: questions([endpoint(c)], known[c]) for c in ADDRESS}
    looks = [Look("east", None, skipped="pods are not allowed: exceeded quota"), Look("west", well())]
    results = judge(looks, asked, known)
    skipped = [r for r in results if r.status == "skipped"]
    assert {(r.id, r.target) for r in skipped} == {
        ("cluster-pod", "a pod"),
        ("cluster-path", "east -> east"),
        ("cluster-path", "east -> west"),
    }
    assert all("exceeded quota" in r.summary for r in skipped)


def test_a_name_that_no_authority_has_is_not_asked_for_inside():
    broken = CheckResult(
        id="dns-resolves", cluster="west", target=host("west"), status="failed", summary="no such name"
    )
    known = seen([*here("east"), broken])
    asked = {c: questions([endpoint(c)], known[c]) for c in ADDRESS}
    assert asked["west"] == ()
    cells = {r.target: r for r in judge([Look("east", well())], asked, known)}
    assert (cells["east -> west"].status, cells["east -> west"].summary) == ("skipped", "not asked: no such name")


def test_each_port_is_tried_once_and_each_certificate_for_its_host():
    known = seen(here("east"))["east"]
    known.addresses["peer1.east.test"] = known.addresses[host("east")]
    known.certificates["peer1.east.test", 443] = "aa"
    asked = questions([endpoint("east"), endpoint("east", "peer1"), endpoint("east", port=15010)], known)
    assert asked == (
        Question(host("east"), (("tcp", 443), ("tls", 443), ("tcp", 15010))),
        Question("peer1.east.test", (("tls", 443),)),
    )


def test_the_job_is_as_restricted_as_pod_security_can_ask_and_ends_by_itself():
    asked = [Question("a.test", (("tcp", 1),))] * 33
    made = job(
        "n", "ns", {"a": "b"}, "image", asked, timeout=5, pull_secret="regcred", placement={"nodeSelector": {"k": "v"}}
    )
    spec = made["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert made["spec"]["backoffLimit"] == 0
    assert made["spec"]["ttlSecondsAfterFinished"] > 0
    assert made["spec"]["activeDeadlineSeconds"] > lasts(asked, 5) == 36.0
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not container["securityContext"]["allowPrivilegeEscalation"]
    assert not spec["automountServiceAccountToken"]
    assert set(container["resources"]["limits"]) == set(container["resources"]["requests"]) == {"cpu", "memory"}
    assert (spec["imagePullSecrets"], spec["nodeSelector"]) == ([{"name": "regcred"}], {"k": "v"})


def node(cluster: str, name: str, genesis: str | None = "0xaa", chain: str = "1337") -> CheckResult:
    facts = {"chain-id": chain, **({"genesis": genesis} if genesis else {})}
    return CheckResult(id="protocol", cluster=cluster, target=name, status="ok", summary="", facts=facts)


@pytest.mark.parametrize(
    ("answers", "wanted"),
    [
        ([node("east", "a"), node("east", "b"), node("west", "c")], {}),
        ([node("east", "a"), node("east", "b"), node("west", "c", "0xbb")], {"west": "ledger-other-genesis"}),
        ([node("east", "a"), node("west", "b", chain="7"), node("west", "c", chain="7")], {"east": "ledger-other-chain"}),
        ([node("east", "a"), node("west", "b", "0xbb")], {"west": "ledger-other-genesis"}),
        ([node("east", "a", None), node("west", "b", "0xbb")], {}),
        ([node("east", "a")], {}),
    ],
)  # fmt: skip
def test_the_odd_ledger_is_named(answers, wanted):
    found = [r for c in ("east", "west") for r in agreement(answers, c)]
    assert {r.cluster: r.code for r in found if r.status == "failed"} == wanted
    for result in found:
        if result.status == "failed":
            assert len(result.evidence) == len(answers)
        else:
            assert result.summary.startswith("all ") == (not wanted)
