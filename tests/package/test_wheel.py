"""What people install: the wheel, made from the sdist, in an environment that has nothing else.

Every Python of ours that this machine has is tried: 3.11 to 3.13, as `python3.N` on PATH or under pyenv's root; and the
programs that install programs, uv and pipx, beside this Python or on PATH.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHONS = ["3.11", "3.12", "3.13"]

pytestmark = pytest.mark.timeout(900)


def run(*command: str | Path, **environ: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        env={**{k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}, **environ},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def found(version: str) -> str | None:
    """An interpreter of that version that starts; a shim of pyenv may not."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates = [shutil.which(f"python{version}"), *map(str, root.glob(f"versions/{version}.*/bin/python"))]
    for candidate in filter(None, candidates):
        if subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that comes out of the sdist that comes out of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    uv = installer("uv")  # makes the two environments to build in within a second
    quick = ["--installer", "uv"] if uv else []
    path = os.pathsep.join([*([str(uv.parent)] if uv else []), os.environ["PATH"]])
    run(sys.executable, "-m", "build", "--outdir", folder, *quick, ROOT, PATH=path)
    assert list(folder.glob("*.tar.gz"))
    return next(folder.glob("*.whl"))


def test_what_is_in_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for preset in (ROOT / "presets").glob("*.yaml"):
        assert f"bevel_tui/presets/{preset.name}" in names
    for source in (ROOT / "bevel_tui").rglob("*"):
        if source.is_file() and "__pycache__" not in source.parts:
            assert source.relative_to(ROOT).as_posix() in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "docs/", "benchmarks/", "tools/")) for name in names)
    assert any(name.endswith(".data/data/share/man/man1/bevel-tui.1") for name in names)
    entry_points = next(name for name in names if name.endswith("entry_points.txt"))
    assert zipfile.ZipFile(wheel).read(entry_points).decode().split("\n")[:3] == [
        "[console_scripts]",
        "bevel-tui = bevel_tui.cli:main",
        "kubectl-bevel = bevel_tui.cli:kubectl",
    ]


@pytest.mark.parametrize("python", PYTHONS)
def test_it_works_where_nothing_else_is_installed(wheel: Path, python: str, tmp_path: Path) -> None:
    interpreter = found(python)
    if interpreter is None:
        pytest.skip(f"there is no Python {python} here")
    if "CI" not in os.environ and not sys.version.startswith(f"{python}."):
        pytest.skip("other Pythons are tried where CI is set: each installs everything anew")
    programs = tmp_path / "venv" / "bin"
    if uv := None if sys.version.startswith(f"{python}.") else installer("uv"):
        run(uv, "venv", "--quiet", "--seed", "--python", interpreter, tmp_path / "venv")
        run(uv, "pip", "install", "--quiet", "--python", programs / "python", wheel, **caches())
    else:  # as most people do; what is not started needs not be compiled
        run(interpreter, "-m", "venv", tmp_path / "venv")
        run(programs / "python", "-m", "pip", "install", "--quiet", "--no-compile", wheel, **caches())
    assert run(programs / "bevel-tui", "--version").startswith("bevel-tui ")
    assert "releases" in run(programs / "bevel-tui", "plan", "--preset", "besu-two-clusters")
    run(programs / "python", "-m", "pip", "check")
    home = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    made = run(programs / "bevel-tui", "--preset", "besu-one-cluster", "--sandbox", "--speed", "20", **home)
    assert "simulated" in made


def caches() -> dict[str, str]:
    """What was downloaded once is not downloaded again."""
    cache = os.environ["BEVEL_TUI_TEST_CACHE"]
    return {"UV_CACHE_DIR": f"{cache}/uv", "PIP_CACHE_DIR": f"{cache}/pip"}


def installer(name: str) -> Path | None:
    """uv or pipx, one that starts."""
    for candidate in (Path(sys.executable).parent / name, shutil.which(name)):
        if candidate and Path(candidate).exists():
            tried = subprocess.run([candidate, "--version"], capture_output=True, check=False)
            if tried.returncode == 0:
                return Path(candidate)
    return None


@pytest.mark.parametrize("name", ["uv", "pipx"])
def test_it_is_installed_as_a_program_of_its_own(wheel: Path, name: str, tmp_path: Path) -> None:
    """`uv tool install` and `pipx install`: both console scripts are there, and removing leaves none."""
    program = installer(name)
    if program is None:
        pytest.skip(f"{name} is not installed: pip install {name}")
    if "CI" not in os.environ:
        pytest.skip("installed anew where CI is set only")
    programs = tmp_path / "bin"
    places = {
        "uv": {"UV_TOOL_DIR": "tools", "UV_TOOL_BIN_DIR": "bin"},
        "pipx": {"PIPX_HOME": "pipx", "PIPX_BIN_DIR": "bin", "PIPX_MAN_DIR": "man"},
    }[name]
    environ = {key: str(tmp_path / value) for key, value in places.items()} | caches()
    verbs = ["tool", "install"] if name == "uv" else ["install"]
    run(program, *verbs, "--python", sys.executable, wheel, **environ)
    assert sorted(path.name for path in programs.iterdir()) == ["bevel-tui", "kubectl-bevel"]
    assert run(programs / "bevel-tui", "--version").startswith("bevel-tui ")
    assert run(programs / "kubectl-bevel", "plan", "--help").startswith("Usage: kubectl bevel plan")
    assert "releases" in run(programs / "bevel-tui", "plan", "--preset", "fabric-two-clusters")
    if name == "pipx":
        assert (tmp_path / "man" / "man1" / "bevel-tui.1").exists()
    run(program, *verbs[:-1], "uninstall", "bevel-tui", **environ)
    assert not list(programs.iterdir())
