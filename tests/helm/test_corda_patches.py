"""Each patch of the Corda charts: what it changes, and that it refuses a chart that is not as it expects."""

from __future__ import annotations

import pytest

from bevel_tui.helm import corda_patches, patches
from bevel_tui.records.errors import BevelError, Code

ABOUT = b"apiVersion: v1\nname: corda-node\nversion: 1.0.2\n"
CERTS = "charts/corda-certs-gen/templates/job.yaml"
COMMAND = "            openssl req -x509 -out {0}.crt -keyout {0}.key -newkey rsa:2048 -nodes -sha256 \\\n"
HOOK = """spec:
  template:
    spec:
      serviceAccountName: {{ .Values.global.serviceAccountName }}
      restartPolicy: "OnFailure"
"""
POD = """spec:
  template:
    spec:
      serviceAccountName: {{ .Values.global.serviceAccountName }}
      imagePullSecrets:
"""
CONF = 'p2pAddress: "a:1"\nadditionalP2PAddresses: ["{{ .Release.Name }}.{{ .Values.global.proxy.externalUrlSuffix }}:443"]\n'


def chart(**files: str) -> dict[str, bytes]:
    return {"Chart.yaml": ABOUT, **{path: text.encode() for path, text in files.items()}}


def test_certificates_are_signed_for_as_long_as_the_root() -> None:
    commands = "".join(COMMAND.format(name) for name in ("ambassador", "doorman", "nms"))
    patched = patches.apply(chart(**{CERTS: commands}), [corda_patches.CERTIFICATE_DAYS])
    assert patched[CERTS].decode().count("openssl req -x509 -days 1024 -out ") == 3


def test_hooks_name_the_pull_secret() -> None:
    files = {"templates/hooks-pre-install.yaml": HOOK, "templates/statefulset.yaml": POD, "templates/job.yaml": HOOK}
    patched = patches.apply(chart(**files), [corda_patches.HOOK_PULL_SECRET])
    lines = patched["templates/hooks-pre-install.yaml"].decode().splitlines()
    assert lines[4:8] == [
        "      {{- if .Values.image.pullSecret }}",
        "      imagePullSecrets:",
        "        - name: {{ .Values.image.pullSecret }}",
        "      {{- end }}",
    ]
    assert patched["templates/statefulset.yaml"].decode() == POD
    assert patched["templates/job.yaml"].decode() == HOOK


def test_nodes_advertise_their_port() -> None:
    patched = patches.apply(chart(**{"files/node.conf": CONF}), [corda_patches.ADVERTISED_PORT])
    assert patched["files/node.conf"].decode().endswith('externalUrlSuffix }}:{{ .Values.global.proxy.p2p }}"]\n')


def test_pods_without_an_account_are_placed_too() -> None:
    """corda-node's database (facts A5)."""
    route = "spec:\n  hostname: {{ .Release.Name }}.example\n"
    pod = "spec:\n  template:\n    spec:\n      hostname: {{ .Release.Name }}db\n"
    files = {"templates/db.yaml": pod, "templates/service.yaml": route}
    patched = patches.apply(chart(**files), [patches.POD_PLACEMENT])
    assert "      nodeSelector: {{ toJson . }}" in patched["templates/db.yaml"].decode().splitlines()
    assert patched["templates/service.yaml"].decode() == route


@pytest.mark.parametrize(
    ("name", "files", "words"),
    [
        (corda_patches.CERTIFICATE_DAYS, {CERTS: COMMAND.format("a")}, "1 times in its templates, not 3"),
        (corda_patches.CERTIFICATE_DAYS, {}, "0 times"),
        (corda_patches.HOOK_PULL_SECRET, {"templates/hooks-pre-install.yaml": POD}, "no hook without a pull secret"),
        (corda_patches.ADVERTISED_PORT, {"files/node.conf": CONF.replace("443", "10002")}, "0 advertised addresses"),
        (corda_patches.ADVERTISED_PORT, {"files/node.conf": CONF + CONF}, "2 advertised addresses"),
    ],
)
def test_another_chart_is_refused(name: str, files: dict[str, str], words: str) -> None:
    with pytest.raises(BevelError, match=words) as refused:
        patches.apply(chart(**files), [name])
    assert refused.value.code is Code.CHART_RENDER
