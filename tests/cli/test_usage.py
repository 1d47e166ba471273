"""Bad input: one clear message, the documented exit code, no traceback, nothing written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

PRESET = """\
apiVersion: bevel-tui/v1
kind: Network
name: demo
platform: {type: besu}
gateway: {type: none}
clusters:
  - {name: east, context: nowhere, provider: kind}
organizations:
  - {name: supplychain, cluster: east, besu: {validators: 4, members: 1}}
"""


def preset(folder: Path, text: str = PRESET) -> str:
    path = folder / "preset.yaml"
    path.write_text(text)
    return str(path)


def refused(result: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, ["preset-missing"]),
        ("a: [1,\nb", ["preset-syntax", "line 3"]),
        (PRESET.replace("validators", "validatorz"), ["preset-invalid", "line 9", "validatorz", "validators"]),
        (PRESET.replace("validators: 4", "validators: many"), ["preset-invalid", "line 9"]),
        (PRESET.replace("type: none", "type: haproxy"), ["preset-invalid", "line 5"]),
        (PRESET.replace("cluster: east, besu", "cluster: west, besu"), ["preset-invalid", "west"]),
        ("\x00\xff", ["preset-"]),
    ],
)
def test_presets_that_are_wrong_exit_2(bevel: Run, tmp_path: Path, text: str | None, words: list[str]) -> None:
    path = str(tmp_path / "absent.yaml") if text is None else preset(tmp_path, text)
    for command in (["--preset", path, "--yes"], ["plan", "--preset", path], ["destroy", "--preset", path, "--yes"]):
        refused(bevel(*command), 2, *words)


def test_the_command_line_that_is_wrong_exits_2(bevel: Run, tmp_path: Path) -> None:
    path = preset(tmp_path)
    refused(bevel("--no-such-option"), 2)
    refused(bevel("--preset", path, "--timeout", "soon"), 2, "duration")
    refused(bevel("--preset", path, "plan"), 2, "goes after the command")
    refused(bevel("plan"), 2, "--preset")
    refused(bevel("--yes"), 2, "--preset")
    refused(bevel("--preset", path, "--yes", "--charts", str(tmp_path / "absent")), 2, "chart-missing", "absent")
    refused(bevel("--preset", path, "--yes", "--gateway-charts", "ftp://there"), 2, "no chart source")
    refused(bevel("sandbox", "up", "--clusters", "2", "--preset", path), 2, "exclude")


def test_without_a_terminal_nothing_is_asked_and_nothing_done(bevel: Run, tmp_path: Path) -> None:
    refused(bevel("--preset", preset(tmp_path)), 2, "confirmation-needed", "--yes", "--sandbox")
    refused(bevel("destroy", "--preset", preset(tmp_path)), 2, "confirmation-needed")


def kubeconfig(path: Path, server: str = "https://127.0.0.1:1", context: str = "nowhere") -> str:
    path.write_text(
        json.dumps(
            {
                "clusters": [{"name": "c", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    return str(path)


def test_clusters_that_cannot_be_used_exit_3(bevel: Run, tmp_path: Path) -> None:
    path = preset(tmp_path)
    other = kubeconfig(tmp_path / "other", context="elsewhere")
    dead = kubeconfig(tmp_path / "dead")
    (tmp_path / "broken").write_text("a: [")
    for command in (["--preset", path, "--yes"], ["destroy", "--preset", path, "--yes"]):
        for config, words in (
            (other, ["elsewhere"]),
            (dead, ["cannot be reached"]),
            (str(tmp_path / "broken"), ["not valid YAML"]),
            (str(tmp_path / "absent"), ["does not exist"]),
        ):
            result = bevel(*command, "--kubeconfig", config)
            assert result.returncode == 3, result.stderr
            assert "Traceback" not in result.stderr
            assert all(word in result.stderr + result.stdout for word in words), result.stderr + result.stdout
    refused(bevel("check", "--preset", path, "--kubeconfig", dead), 3, "cluster-unreachable", "cannot be reached")
    refused(bevel("check", "--preset", path, "--kubeconfig", other), 3, "context-unknown", "\n  - known contexts")
    refused(bevel("plan", "--diff", "--preset", path, "--kubeconfig", dead), 3, "cannot be reached")


def test_what_fails_all_clusters_is_said_once_and_the_next_commands_name_the_kubeconfig(
    bevel: Run, tmp_path: Path
) -> None:
    absent = str(tmp_path / "absent")
    said = bevel("--preset", "besu-two-clusters", "--yes", "--kubeconfig", absent).stdout
    assert said.count(f"The kubeconfig {absent} does not exist.") == 1
    assert "Nothing was changed: network besu-two-clusters (besu) could not be deployed." in said
    assert "[kubeconfig-unreadable]" in said
    assert f"bevel-tui doctor --kubeconfig {absent}" in said


def test_plan_is_offline_and_the_same_twice(bevel: Run, tmp_path: Path) -> None:
    path = preset(tmp_path)
    first = bevel("plan", "--preset", path, "-o", "json", KUBECONFIG=str(tmp_path / "absent"))
    again = bevel("plan", "--preset", path, "-o", "json", PYTHONHASHSEED="7")
    assert first.returncode == 0, first.stderr
    assert first.stdout == again.stdout
    plan = json.loads(first.stdout)
    step = next(s for s in plan["steps"] if s["kind"] == "release")
    assert {"id", "kind", "cluster", "namespace", "release", "chart", "values", "needs", "produces", "expects"} <= set(
        step
    )
    assert plan["critical_path"]
    assert all(s["chart"] is None for s in plan["steps"] if s["kind"] != "release")


def test_schema_is_printed(bevel: Run) -> None:
    assert json.loads(bevel("schema").stdout)["title"]


def test_version_is_quick(bevel: Run) -> None:
    """At most 80 ms over a bare interpreter is a matter of what is imported: so that is what is asserted."""
    assert bevel("--version").stdout.startswith("bevel-tui ")
    code = (
        "import sys; sys.argv = ['bevel-tui', '--version']; bare = len(sys.modules)\n"
        "from bevel_tui.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(len(sys.modules) - bare, *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    count, *names = answer.splitlines()[-1].split()
    print(f"--version imports {count} modules")
    assert int(count) < 250
    assert not {"pydantic", "kubernetes", "textual", "rich", "yaml", "aiohttp", "dns", "asyncio"} & set(names)


def test_a_closed_pipe_is_no_error(bevel: Run, tmp_path: Path) -> None:
    command = f"'{sys.executable}' -m bevel_tui plan --preset '{preset(tmp_path)}' -o json | head -c 10"
    result = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr


def test_settings_that_cannot_be_used_stop_only_what_would_use_them(bevel: Run, tmp_path: Path) -> None:
    (tmp_path / "config" / "bevel-tui").mkdir(parents=True)
    (tmp_path / "config" / "bevel-tui" / "config.yaml").write_text("timeot: 3m\n")
    home = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    for command in (["paths"], ["presets"], ["--help"], ["schema"], ["plan", "--help"]):
        assert bevel(*command, **home).returncode == 0
    for command in (["plan", "--preset", preset(tmp_path)], ["--preset", preset(tmp_path), "--yes"]):
        refused(bevel(*command, **home), 2, "settings-invalid", "did you mean `timeout`")
    doctor = bevel("doctor", "--offline", **home)
    assert doctor.returncode == 1
    assert "did you mean `timeout`" in doctor.stdout


def test_a_flag_wins_over_the_environment_and_that_over_the_settings(bevel: Run, tmp_path: Path) -> None:
    (tmp_path / "config" / "bevel-tui").mkdir(parents=True)
    (tmp_path / "config" / "bevel-tui" / "config.yaml").write_text("kubeconfig: /from/settings\n")
    home = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    command = ("plan", "--diff", "--preset", "besu-two-clusters")
    assert "/from/settings" in bevel(*command, **home).stderr
    assert "/from/environment" in bevel(*command, **home, BEVEL_TUI_KUBECONFIG="/from/environment").stderr
    flag = bevel(*command, "--kubeconfig", "/from/flag", **home, BEVEL_TUI_KUBECONFIG="/from/environment")
    assert "/from/flag" in flag.stderr
    assert str(tmp_path) in bevel("paths", **home).stdout


def test_a_shipped_preset_over_contexts_of_ones_own(bevel: Run) -> None:
    told = bevel("plan", "--diff", "--preset", "besu-two-clusters", "--context", "east=mine", "--context", "west=yours")
    assert told.returncode == 3
    assert "'mine'" in told.stderr
    assert "'yours'" in told.stderr
    refused(bevel("plan", "--preset", "besu-two-clusters", "--context", "mine"), 2, "CLUSTER=CONTEXT", "east, west")
    refused(bevel("--context", "east=mine", "plan", "--preset", "besu-two-clusters"), 2, "--context goes after")
