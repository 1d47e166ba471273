"""Who gets which view; what it leaves behind; the promises of the event loop that feeds it."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import subprocess
import sys
import textwrap

import pytest

from bevel_tui.output.checks import text as table
from bevel_tui.output.checks import to_json, verdict
from bevel_tui.output.colour import wants_colour
from bevel_tui.output.console import choose, render, results, summarise
from bevel_tui.output.errors import show
from bevel_tui.output.jsonl import JsonLines
from bevel_tui.output.lines import Lines
from bevel_tui.output.live import LiveView
from bevel_tui.output.paper import Paper
from bevel_tui.output.renderer import Renderer
from bevel_tui.records.errors import BevelError, Code, ExitCode
from bevel_tui.records.events import EVENTS, RunFinished


@pytest.mark.parametrize(
    ("flag", "environ", "terminal_", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"CLICOLOR_FORCE": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour(terminal, flag, environ, terminal_, wanted):
    stream = terminal() if terminal_ else io.StringIO()
    assert wants_colour(flag, stream, environ) is wanted


def test_who_gets_which_view(terminal):
    def kind(output="text", out=None, err=None, **environ):
        return type(choose(output, stdout=out or terminal(), stderr=err or terminal(), environ=environ))

    assert kind() is LiveView
    assert kind(TERM="dumb") is Lines
    assert kind(NO_COLOR="1") is LiveView
    assert kind(out=io.StringIO()) is Lines
    assert kind(err=io.StringIO()) is Lines
    assert kind("jsonl") is JsonLines


async def told(events, fail: BaseException | None = None):
    for event in events:
        yield event
        await asyncio.sleep(0)
    if fail is not None:
        raise fail


async def test_jsonl_is_objects_only_and_ends_with_run_finished(story):
    out = io.StringIO()
    finished = await render(JsonLines(out), told(story.done))
    lines = out.getvalue().splitlines()
    assert [EVENTS.validate_json(line) for line in lines] == story.done
    assert (json.loads(lines[-1])["type"], json.loads(lines[-1])["exit_code"]) == ("run-finished", 0)
    assert finished == story.done[-1]


async def test_the_summary_follows_on_stdout_but_never_among_json(story):
    out, err = io.StringIO(), io.StringIO()
    lines = choose(stdout=out, stderr=err, environ={})
    await render(lines, told(story.done))
    assert out.getvalue() == ""
    summarise(lines, results(stdout=out, environ={}))
    assert out.getvalue().startswith("✓ Network supplychain (besu) is deployed and reachable")
    jsonl = choose("jsonl", stdout=out, stderr=err, environ={})
    before = out.getvalue()
    summarise(jsonl, results(stdout=out, environ={}))
    assert out.getvalue() == before


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BevelError(Code.CONTEXT_UNKNOWN, "no context kind-west"), 3),
        (BevelError(Code.PRESET_INVALID, "wrong"), 2),
        (asyncio.CancelledError(), 130),
        (RuntimeError("bug"), 1),
    ],
)
async def test_a_run_that_breaks_off_still_has_a_last_event(story, error, code):
    out = io.StringIO()
    with pytest.raises(type(error)):
        await render(JsonLines(out), told(story.healthy_start, error))
    last = json.loads(out.getvalue().splitlines()[-1])
    assert (last["type"], last["exit_code"]) == ("run-finished", code)


async def test_a_stream_without_a_last_word_gets_one(story):
    finished = await render(JsonLines(io.StringIO()), told(story.healthy_start))
    assert finished.exit_code == ExitCode.FAILED


async def test_the_view_is_closed_whatever_happens():
    closed = []

    class View(Renderer):
        def handle(self, event):
            raise ValueError("a view with a bug")

        def close(self):
            closed.append(True)

    with pytest.raises(ValueError, match="bug"):
        await render(View(), told([RunFinished(outcome="ok", exit_code=0, duration=0)]))
    assert closed == [True]


async def test_the_live_view_hides_the_cursor_and_brings_it_back(terminal, story):
    err = terminal()
    view = choose(stdout=terminal(), stderr=err, environ={"TERM": "xterm", "COLUMNS": "80", "LINES": "24"})
    with pytest.raises(asyncio.CancelledError):
        await render(view, told(story.failed[:-1], asyncio.CancelledError()), tick=0.001)
    written = err.getvalue()
    assert "\x1b[?25l" in written
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")
    assert written.rindex("\x1b[2K") > written.rindex("validator"), "the picture is cleared: the summary follows"


def picture(terminal, story, **environ) -> str:
    err = terminal()
    view = choose(
        stdout=terminal(), stderr=err, environ={"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **environ}
    )
    with view:
        for event in story.failing:
            view.handle(event)
        view.tick(story.t0 + 47)
        return err.getvalue()


def test_no_color_keeps_the_picture_and_drops_its_colours(terminal, story):
    import re

    coloured, plain = picture(terminal, story), picture(terminal, story, NO_COLOR="1")
    colours = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;[\d;]+)(?:;\d+)*m")
    assert colours.search(coloured)
    assert not colours.search(plain)
    assert "running   validator-1" in plain


def test_a_picture_is_never_longer_than_the_terminal(terminal, story):
    assert picture(terminal, story).count("\n") <= 23


def test_nothing_new_is_not_drawn_again(terminal, story):
    err = terminal()
    view = choose(stdout=terminal(), stderr=err, environ={"COLUMNS": "80", "LINES": "24"})
    with view:
        view.handle(story.failing[0])
        view.tick(story.t0)
        length = len(err.getvalue())
        view.tick(story.t0 + 0.5)
        assert len(err.getvalue()) == length
        view.tick(story.t0 + 1.1)
        assert len(err.getvalue()) > length, "its clocks tick once a second"


def test_a_real_terminal_gets_its_cursor_back_after_sigint(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(
        textwrap.dedent(
            """
            import asyncio, os, signal, time
            from bevel_tui.output.console import choose, render
            from bevel_tui.records.events import RunStarted

            signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it

            async def events():
                yield RunStarted(time=time.time(), network="n", plan="p", platform="besu", clusters=("east",))
                await asyncio.sleep(0.3)
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.sleep(30)

            try:
                asyncio.run(render(choose(), events()))
            except KeyboardInterrupt:
                raise SystemExit(130)
            """
        )
    )
    leader, follower = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen([sys.executable, script], stdin=follower, stdout=follower, stderr=follower, env=environ)
    os.close(follower)
    written = b""
    try:
        while chunk := os.read(leader, 4096):
            written += chunk
    except OSError:  # Linux says EIO where the other end is gone
        pass
    os.close(leader)
    assert process.wait(60) == 130
    assert written.rindex(b"\x1b[?25h") > written.rindex(b"\x1b[?25l")
    assert b"deploy" in written


def test_check_table_and_json(story):
    out = io.StringIO()
    table(Paper(out), story.checks, simulated=("east",))
    text = out.getvalue()
    assert text.splitlines()[0] == "east  simulated"
    assert "  ✗ failed   dns-resolves   validator-0rpc.east.example.com does not resolve: no such name (12 ms)" in text
    assert "      remedy: Create: *.east.example.com. 300 IN A 203.0.113.10" in text
    assert text.splitlines()[-1] == "Checks: 2 ok, 1 warning, 1 failed, 1 skipped"
    parsed = json.loads(to_json(story.checks, network="supplychain", simulated=("east",)))
    assert parsed["counts"] == {"ok": 2, "warning": 1, "failed": 1, "skipped": 1}
    assert parsed["exit_code"] == verdict(story.checks) == 5
    assert [r["id"] for r in parsed["results"]][:2] == ["lb-address", "dns-resolves"]
    assert verdict([r for r in story.checks if r.status != "failed"]) == 0


def test_an_error_is_code_sentence_details_and_remedy():
    out = io.StringIO()
    show(BevelError(Code.PRESET_INVALID, "besu.yaml has 2 problems", details=("line 3: no", "line 9: no")), out)
    assert out.getvalue() == (
        "error [preset-invalid]: besu.yaml has 2 problems\n"
        "  - line 3: no\n"
        "  - line 9: no\n"
        "  remedy: Correct the lines shown; `bevel-tui schema` prints what a preset may hold.\n"
    )
    out = io.StringIO()
    show(BevelError(Code.USAGE, "no"), out, colour="always")
    assert out.getvalue().startswith("\x1b[1;31merror")


def test_results_go_to_stdout(terminal):
    assert results(stdout=terminal(), environ={}).colour
    assert not results(stdout=terminal(), environ={}, colour="never").colour


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("bevel_tui.output.lines", ("textual", "kubernetes", "rich.console", "dns", "cryptography")),
        ("bevel_tui.output.jsonl", ("textual", "kubernetes", "rich", "dns", "cryptography")),
        ("bevel_tui.output.errors", ("textual", "kubernetes", "rich", "pydantic")),
        ("bevel_tui.output.live", ("textual", "kubernetes", "aiohttp")),
        ("bevel_tui.reachability.checks", ("kubernetes", "dns", "cryptography", "aiohttp")),
    ],
)
def test_imports(module, forbidden):
    program = f"import sys, {module}; print(*(m for m in {forbidden!r} if m in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []
