"""Patches of the Indy charts."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bevel_tui.helm.patches import POD_PLACEMENT, apply
from bevel_tui.platforms.indy_manifests import GENESIS_ONCE
from bevel_tui.records.errors import BevelError, Code

CHART = b"apiVersion: v1\nname: indy-genesis\nversion: 1.1.0\n"


def job(*names: str) -> dict[str, bytes]:
    lines = [
        f"              kubectl create configmap --namespace {{{{ .Release.Namespace }}}} {name} "
        f'--from-literal={name}_genesis="$(echo -e ${name}_text)"'
        for name in names
    ]
    text = "spec:\n  args:\n    - |\n" + "\n".join(lines) + "\n"
    return {"Chart.yaml": CHART, "templates/genesis-job.yaml": text.encode()}


def test_a_genesis_that_is_the_same_is_left_as_it_is() -> None:
    """The chart creates both maps plainly and fails for ever where they are (facts I, I05)."""
    text = apply(job("dtg", "ptg"), [GENESIS_ONCE])["templates/genesis-job.yaml"].decode()
    lines = [line.strip() for line in text.splitlines() if "kubectl" in line]
    assert lines[0] == (
        '[ "$(kubectl get configmap --namespace {{ .Release.Namespace }} dtg -o '
        'jsonpath=\'{.data.dtg_genesis}\' 2>/dev/null)" = "$(echo -e $dtg_text)" ] || '
        "kubectl create configmap --namespace {{ .Release.Namespace }} dtg "
        '--from-literal=dtg_genesis="$(echo -e $dtg_text)"'
    )
    assert len(lines) == 2


@pytest.mark.parametrize("names", [("dtg",), ("dtg", "ptg", "ptg"), ()])
def test_another_chart_is_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(BevelError) as caught:
        apply(job(*names), [GENESIS_ONCE])
    assert caught.value.code == Code.CHART_RENDER


def test_a_pod_without_an_account_is_placed_too() -> None:
    """indy-register-identity runs under the namespace's default account."""
    template = b"spec:\n  template:\n    spec:\n      restartPolicy: OnFailure\n      containers: []\n"
    placed = apply({"Chart.yaml": CHART, "templates/job.yaml": template}, [POD_PLACEMENT])
    text = placed["templates/job.yaml"].decode()
    assert "      nodeSelector: {{ toJson . }}" in text
    assert "      tolerations: {{ toJson . }}" in text


@pytest.mark.bevel_charts
def test_it_fits_bevels_chart() -> None:
    root = os.environ.get("BEVEL_CHARTS")
    if not root:
        pytest.skip("BEVEL_CHARTS does not name an unpacked Bevel v1.3.0")
    folder = Path(root) / "platforms" / "hyperledger-indy" / "charts" / "indy-genesis"
    tree = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    text = apply(tree, [GENESIS_ONCE])["templates/genesis-job.yaml"].decode()
    assert len(re.findall(r"\] \|\| kubectl create configmap", text)) == 2
