"""The settings file: what it may hold, how mistakes are told, and that flags and the environment win over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bevel_tui import locations, settings
from bevel_tui.cli import main
from bevel_tui.cli.options import SETTABLE, FromSettings
from bevel_tui.keys import is_key
from bevel_tui.records.errors import BevelError, Code

PAGE = (Path(__file__).parents[1] / "docs" / "settings.md").read_text(encoding="utf-8")


def written(text: str | bytes) -> Path:
    path = locations.settings_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_no_file_and_an_empty_one_set_nothing() -> None:
    assert settings.load() == settings.Settings()  # type: ignore[call-arg]
    written("# nothing\n")
    assert settings.load().model_dump(exclude_none=True) == {"keymap": {}}


def test_what_is_set_is_what_commands_start_from() -> None:
    defaults = FromSettings()
    written("charts: /charts\ntimeout: 1h30m\nkeymap: {quit: ctrl+x}\n")
    assert defaults.get("plan").get("charts") == "/charts"  # click hands a command its own part
    assert ("charts" in defaults, defaults["charts"], defaults.get("timeout")) == (True, "/charts", "1h30m")
    assert "kubeconfig" not in defaults


@pytest.mark.parametrize("command", ["diagnose", "bundle", "doctor"])
def test_a_flag_wins_over_the_environment_and_that_over_the_file(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a user sees it: which kubeconfig is missed."""
    monkeypatch.delenv("BEVEL_TUI_KUBECONFIG", raising=False)

    def missed(*flags: str) -> str:
        offline = ["--offline"] if command == "doctor" else []
        with pytest.raises(SystemExit):
            main(None, [command, *offline, *flags])
        said = "".join(capsys.readouterr())
        (found,) = {name for name in ("of-file", "of-environment", "of-flag") if f"/{name}" in said}
        return found

    written("kubeconfig: /of-file\n")
    assert missed() == "of-file"
    monkeypatch.setenv("BEVEL_TUI_KUBECONFIG", "/of-environment")
    assert missed() == "of-environment"
    assert missed("--kubeconfig", "/of-flag") == "of-flag"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("chart: /x\n", "chart (line 1): unknown key `chart`; did you mean `charts`?"),
        ("\ntimeout: soon\n", "timeout (line 2): must be a duration such as 90s, 45m or 1h30m"),
        ("color: sometimes\n", "color (line 1): must be one of auto, always or never"),
        ("kubeconfig: 7\n", "kubeconfig (line 1): must be a text, not the number 7; put it in quotes"),
        ("charts: /a\ncharts: /b\n", "charts"),
        ("theme: dark\nkeymap:\n  qiut: f9\n", "keymap.qiut (line 3): there is no action `qiut`; did you mean `quit`?"),
        ("keymap: {zzz: f9}\n", "keymap.zzz (line 1): there is no action `zzz`; the help screen (F1) has the names"),
        ("keymap: {quit: 'ctrl+x,contrl+q'}\n", "keymap.quit (line 1): `contrl+q` is no key"),
        (
            "keymap:\n  run.retry: f5\n  run.pause: f6, f5\n",
            "keymap.run.pause (line 3): `f5` is the key of `run.retry` too, on one screen",
        ),
        ("keymap: {help: f9, dashboard.logs: f9}\n", "keymap.dashboard.logs (line 1): `f9` is the key of `help` too"),
        ("keymap: {run.retry: p}\n", "keymap.run.retry (line 1): `p` is the key of `run.pause` too, on one screen"),
        ("keymap: {dashboard.act: '!'}\n", "keymap.dashboard.act (line 1): `!` is the key of `dashboard.shell` too"),
        ("keymap: {file.back: f9, quit: f9}\n", "keymap.quit (line 1): `f9` is the key of `file.back` too"),
        ("- a\n", "(document) (line 1): must be a mapping"),
    ],
)
def test_mistakes_are_told_with_their_line(text: str, words: str) -> None:
    written(text)
    with pytest.raises(BevelError) as caught:
        settings.load()
    assert caught.value.code is Code.SETTINGS_INVALID
    assert any(words in line for line in caught.value.details), caught.value.details


def test_one_key_may_be_two_things_where_they_never_meet() -> None:
    keymap = {
        "run.retry": "f5",
        "clusters.again": "f5",
        "reach.again": "f5",
        "wizard.next": "f6",
        "wizard.deploy": "f6",
    }
    written("keymap:\n" + "".join(f"  {action}: {key}\n" for action, key in keymap.items()))
    assert settings.load().keymap == keymap


@pytest.mark.parametrize("text", [b"a: [", b"\xff\xfe\x00", b"a: \x07"])
def test_what_is_no_yaml(text: bytes) -> None:
    written(text)
    with pytest.raises(BevelError, match=r"config\.yaml"):
        settings.load()


def test_the_page_lists_every_setting() -> None:
    assert settings.Settings.model_fields.keys() - {"theme", "keymap"} == SETTABLE
    for name, field in settings.Settings.model_fields.items():
        assert f"| `{name}` |" in PAGE
        assert f"| {field.description} |" in PAGE


@pytest.mark.parametrize("key", ["f5", "ctrl+x", "G", "+", "ctrl+shift+up", "question_mark", " space", "é"])
def test_keys(key: str) -> None:
    assert is_key(key)


@pytest.mark.parametrize("key", ["", "ctrl+", "f99", "strg+x", "up down", "question mark no"])
def test_what_is_no_key(key: str) -> None:
    assert not is_key(key)
