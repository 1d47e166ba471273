"""The forms of `bevel-tui check`: narrow, wide, JSON, JUnit, the matrix, and what --watch appends."""

from __future__ import annotations

import io
import json
from xml.etree import ElementTree

from bevel_tui.output import checks
from bevel_tui.output.junit import to_junit
from bevel_tui.output.matrix import cells, write
from bevel_tui.output.paper import Paper
from bevel_tui.output.watching import Watching
from bevel_tui.records.checks import CheckResult


def result(
    id: str, cluster: str, target: str, status: str = "ok", summary: str = "well", **more: object
) -> CheckResult:
    return CheckResult(id=id, cluster=cluster, target=target, status=status, summary=summary, **more)  # type: ignore[arg-type]


BROKEN = result(
    "tls-handshake",
    "west",
    "peer0.west.test:443",
    "failed",
    "the gateway's default certificate came",
    category="tls",
    code="tls-default-certificate",
    evidence=("TLSv1.3, ALPN none", "certificate subject: CN=\x1bfake"),
    remedy="See which routes the gateway has.",
    command="kubectl --context west get ingress -A",
    duration=0.02,
    phases={"tls": 0.012, "connect": 0.001, "resolve": 0.003},
)
RESULTS = (
    result("protocol", "west", "https://peer0.west.test", "skipped", "not asked: it is broken"),
    BROKEN,
    result("tcp-connect", "west", "192.0.2.2:443", category="connection", duration=0.001, evidence=("dialed it",)),
    result("tcp-connect", "east", "192.0.2.1:443", category="connection"),
    result("cluster-path", "west", "east -> west", "failed", "refused", category="clusters", vantage="east"),
    result("cluster-path", "east", "east -> east", category="clusters", vantage="east"),
    result("cluster-path", "east", "west -> east", "skipped", "no pod", category="clusters", vantage="west"),
)


def shown(wide: bool = False) -> str:
    stream = io.StringIO()
    checks.text(Paper(stream), RESULTS, wide=wide)
    return stream.getvalue()


def test_rows_follow_the_chain_and_say_what_to_run():
    lines = shown().splitlines()
    west = lines[lines.index("west") + 1 :]
    assert [line.split()[2] for line in west if line.startswith("  ✓") or line.startswith("  ✗")][:2] == [
        "tcp-connect",
        "tls-handshake",
    ]
    assert "      run: kubectl --context west get ingress -A" in west
    assert "      certificate subject: CN=\\x1bfake" in west, "what servers say never reaches the terminal raw"
    assert lines[-1] == "Checks: 3 ok, 2 failed, 2 skipped"


def test_of_many_that_are_well_one_stands_for_all_and_what_is_not_well_stands_itself():
    many = [result("dns-resolves", "west", f"p{n}.west.test", summary=f"p{n}.west.test is there") for n in range(9)]
    many[4] = many[4].model_copy(update={"status": "warning", "summary": "p4.west.test wobbles"})
    stream, wide = io.StringIO(), io.StringIO()
    checks.text(Paper(stream), many)
    rows = [line for line in stream.getvalue().splitlines() if "dns-resolves" in line]
    assert [row.split("dns-resolves  ")[1] for row in rows] == [
        "p0.west.test is there, and 7 more",
        "p4.west.test wobbles",
    ]
    assert stream.getvalue().endswith("Checks: 8 ok, 1 warning; -o wide lists each\n")
    checks.text(Paper(wide), many, wide=True)
    assert wide.getvalue().count("dns-resolves") == 9


def test_wide_adds_categories_phases_and_the_evidence_of_what_is_well():
    text = shown(wide=True)
    assert "connection tcp-connect" in text
    assert "      resolve 3, connect 1, tls 12 ms" in text
    assert "      dialed it" in text
    assert "dialed it" not in shown()


def test_the_matrix_is_on_the_screen_and_in_json():
    assert cells(RESULTS) == {
        "here": {"west": "failed", "east": "ok"},
        "east": {"west": "failed", "east": "ok"},
        "west": {"east": "skipped"},
    }
    text = shown()
    assert "from / to" in text
    document = json.loads(checks.to_json(RESULTS, network="supply", exit_code=5))
    assert document["matrix"]["east"] == {"west": "failed", "east": "ok"}
    assert document["exit_code"] == 5
    assert {r["category"] for r in document["results"]} >= {"tls", "clusters"}
    assert cells([BROKEN]) == {}, "without a look from inside there is no matrix"


def test_a_wide_matrix_numbers_its_columns():
    names = [f"cluster-with-a-long-name-{i}" for i in range(8)]
    stream = io.StringIO()
    write(
        Paper(stream),
        [result("cluster-path", to, f"{a} -> {to}", category="clusters", vantage=a) for a in names for to in names],
    )
    text = stream.getvalue()
    assert "[8] cluster-with-a-long-name-7" in text
    assert max(len(line) for line in text.splitlines()[2:]) < 130


def test_junit_is_what_build_servers_read():
    root = ElementTree.fromstring(to_junit(RESULTS, network="supply"))
    assert {s.get("name"): (s.get("tests"), s.get("failures"), s.get("skipped")) for s in root} == {
        "east": ("3", "0", "1"),
        "west": ("4", "2", "1"),
    }
    failure = root.find(".//failure[@type='tls-default-certificate']")
    assert failure is not None and failure.text is not None
    assert "\\x1bfake" in failure.text
    assert "remedy: See which routes the gateway has." in failure.text


def test_watching_tells_only_what_changes():
    stream = io.StringIO()
    watching = Watching(paper=Paper(stream), now=lambda: 0.0)
    watching.round(RESULTS)
    stream.truncate(0)
    stream.seek(0)
    again = [
        r.model_copy(update={"duration": 9.0, "summary": "other numbers"}) if r.status == "ok" else r for r in RESULTS
    ]
    watching.round(again)
    assert stream.getvalue() == "", "other numbers of what is well are no news"
    healed = [r.model_copy(update={"status": "ok", "summary": "verified"}) if r.code else r for r in RESULTS]
    watching.round(healed)
    text = stream.getvalue()
    assert "failed -> ok  west  tls-handshake  peer0.west.test:443: verified" in text
    assert "Checks: 4 ok, 1 failed, 2 skipped" in text
    watching.trouble("no cluster answers")
    watching.trouble("no cluster answers")
    assert stream.getvalue().count("no cluster answers") == 1
    watching.round(healed[1:])
    assert "no longer asked" in stream.getvalue()


def test_nothing_is_written_without_a_look_from_inside():
    stream = io.StringIO()
    write(Paper(stream), [BROKEN])
    assert stream.getvalue() == ""


def test_what_is_broken_in_one_way_for_many_hosts_is_told_once_with_its_remedy():
    one = {
        "status": "failed",
        "code": "dns-nxdomain",
        "evidence": ("ns1: no such name",),
        "remedy": "Create: *.west.test.",
    }
    many = [result("dns-resolves", "west", f"p{n}.west.test", summary=f"p{n} is not there", **one) for n in range(8)]
    many[5] = many[5].model_copy(update={"remedy": "Create: p5.west.test."})
    skipped = [result("protocol", "west", f"p{n}", "skipped", f"not asked: p{n} is not there") for n in range(8)]
    for write_text in (checks.text, checks.problems):
        stream = io.StringIO()
        write_text(Paper(stream), [*many, *skipped])
        lines = stream.getvalue().splitlines()
        told = [line.split("dns-resolves")[1].strip() for line in lines if "dns-resolves" in line]
        assert told == ["p0.west.test: p0 is not there, and 6 more", "p5.west.test: p5 is not there"]
        assert [line.strip() for line in lines if "remedy" in line] == [
            "remedy: Create: *.west.test.",
            "remedy: Create: p5.west.test.",
        ]
        assert "      the same: p1.west.test, p2.west.test, p3.west.test, p4.west.test ..." in lines
        assert sum("not asked" in line for line in lines) == (1 if write_text is checks.text else 0)
    wide = io.StringIO()
    checks.text(Paper(wide), [*many, *skipped], wide=True)
    assert wide.getvalue().count("remedy") == 8
