"""`import` and `export --format network-yaml` as a user calls them: streams, exit codes, files that stay away."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bevel_tui.cli import cli
from bevel_tui.network import load
from bevel_tui.network.bevel.importing import canonical
from bevel_tui.records.errors import BevelError, Code


def run(*arguments: str | Path) -> tuple[int, str, str]:
    found = CliRunner().invoke(cli, [str(a) for a in arguments], standalone_mode=False)
    if found.exception:
        raise found.exception
    return found.return_value if isinstance(found.return_value, int) else found.exit_code, found.stdout, found.stderr


def test_out_and_in_again(tmp_path: Path) -> None:
    there, back = tmp_path / "network.yaml", tmp_path / "preset.yaml"
    assert run("export", "--preset", "fabric-two-clusters", "--format", "network-yaml", "-o", there)[0] == 0
    code, out, err = run("import", there, "-o", back)
    assert (code, out) == (0, "")
    assert f"written to {back}" in err
    again, before = load.load(str(back)), canonical(load.load("fabric-two-clusters"))
    assert again.organizations == before.organizations
    assert again.platform == before.platform
    _, out, _ = run("import", there)
    assert load.parse(out) == again


def test_refusals_write_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "network.yaml", tmp_path / "preset.yaml"
    _, text, _ = run("export", "--preset", "fabric-one-cluster", "--format", "network-yaml")
    source.write_text(text.replace("name: raft", "name: kafka"))
    with pytest.raises(BevelError) as error:
        run("import", source, "-o", target)
    assert error.value.exit_code == 2
    assert "Kafka" in "".join(error.value.details)
    assert not target.exists()


def test_nothing_is_written_over_unasked(tmp_path: Path) -> None:
    source, target = tmp_path / "network.yaml", tmp_path / "preset.yaml"
    target.write_text("mine")
    run("export", "--preset", "besu-one-cluster", "--format", "network-yaml", "-o", source)
    with pytest.raises(BevelError) as error:
        run("import", source, "-o", target)
    assert error.value.code is Code.USAGE
    assert target.read_text() == "mine"
    assert run("import", source, "-o", target, "--force")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "word"), [(("--context", "nobody=east"), "nobody"), (("--context", "x"), "ORGANIZATION=CONTEXT")]
)
def test_contexts_name_organizations(tmp_path: Path, arguments: tuple[str, ...], word: str) -> None:
    source = tmp_path / "network.yaml"
    run("export", "--preset", "besu-one-cluster", "--format", "network-yaml", "-o", source)
    with pytest.raises(Exception, match=word):
        run("import", source, *arguments)
