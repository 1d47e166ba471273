"""What doctor says of a machine; each answer with the one thing that makes it so."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bevel_tui.output import machine as view
from bevel_tui.records.machine import Answer
from bevel_tui.survey import machine

KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: https://127.0.0.1:1, insecure-skip-tls-verify: true}}]
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, interactiveMode: Never,
  installHint: "Get it from\\n the vendor."}}}]
contexts: [{name: one, context: {cluster: c, user: u}}]
"""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(KUBECONFIG)
    path.chmod(0o600)
    return path


def by_subject(answers: list[Answer], subject: str) -> Answer:
    return next(answer for answer in answers if answer.subject == subject)


def test_a_kubeconfig_its_plugin_and_its_context_without_tls(kubeconfig: Path) -> None:
    answers = list(machine.kubeconfigs(str(kubeconfig), {"PATH": ""}))
    assert by_subject(answers, str(kubeconfig)).status == "ok"
    assert by_subject(answers, "one").status == "warning"
    plugin = by_subject(answers, "exec no-such-plugin")
    assert (plugin.status, plugin.remedy) == ("failed", "Get it from the vendor.")


def test_a_context_whose_user_is_gone(kubeconfig: Path) -> None:
    kubeconfig.write_text(KUBECONFIG.replace("name: u,", "name: v,"))
    assert by_subject(list(machine.kubeconfigs(str(kubeconfig), {})), "one").summary.startswith("names the user 'u'")


@pytest.mark.parametrize(("days", "status"), [(-1, "failed"), (3, "warning"), (300, None)])
def test_client_certificates_that_end(kubeconfig: Path, days: int, status: str | None) -> None:
    now = datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "deployer")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=9), now + timedelta(days=days))
    pem = made.sign(key, SHA256()).public_bytes(Encoding.PEM)
    document = yaml.safe_load(KUBECONFIG)
    document["users"][0]["user"] = {"client-certificate-data": base64.b64encode(pem).decode()}
    kubeconfig.write_text(yaml.safe_dump(document))
    found = {answer.subject: answer.status for answer in machine.kubeconfigs(str(kubeconfig), {})}
    assert found.get("user u") == status


def test_a_plugin_that_is_there(kubeconfig: Path, tmp_path: Path) -> None:
    program = tmp_path / "no-such-plugin"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    assert (
        by_subject(list(machine.kubeconfigs(str(kubeconfig), {"PATH": str(tmp_path)})), f"exec {program.name}").status
        == "ok"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_a_kubeconfig_that_others_read(kubeconfig: Path) -> None:
    kubeconfig.chmod(0o644)
    answer = by_subject(list(machine.kubeconfigs(str(kubeconfig), {})), str(kubeconfig))
    assert (answer.status, answer.remedy) == ("warning", f"chmod 600 {kubeconfig}")


def test_no_kubeconfig_and_a_broken_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    assert [a.status for a in machine.kubeconfigs(None, {})] == ["warning"]
    (tmp_path / "broken").write_text("a: [")
    assert [a.status for a in machine.kubeconfigs(str(tmp_path / "broken"), {})] == ["failed"]


async def test_a_helm_that_is_none(tmp_path: Path) -> None:
    answers = await machine.helm({"BEVEL_TUI_HELM": str(tmp_path / "helm"), "PATH": ""})
    assert [a.status for a in answers] == ["failed"]
    assert answers[0].remedy


def test_terminals() -> None:
    assert by_subject(list(machine.terminal({"TERM": "dumb"})), "TERM").status == "warning"
    assert by_subject(list(machine.terminal({"TERM": "xterm-256color"})), "TERM").status == "ok"


async def test_chart_sources(tmp_path: Path) -> None:
    missing = await machine.chart_source(str(tmp_path / "none"), online=False)
    assert [a.status for a in missing] == ["failed"]
    assert [a.status for a in await machine.chart_source("ftp://x", online=False)] == ["failed"]
    assert [a.status for a in await machine.chart_source(None, online=False)] == ["skipped"]


def test_the_command(kubeconfig: Path) -> None:
    call = [sys.executable, "-m", "bevel_tui", "doctor", "--offline", "--kubeconfig", str(kubeconfig)]
    found = subprocess.run([*call, "-o", "json"], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    answers = [Answer.model_validate(one) for one in json.loads(found.stdout)]
    assert {a.topic for a in answers} == {
        *("program", "helm", "kubeconfig", "terminal", "folders", "dns", "charts", "settings"),
    }
    text = subprocess.run(call, capture_output=True, text=True, check=False).stdout
    assert "remedy: Get it from the vendor." in text
    assert text.endswith("1 to be put right.\n")
    assert view.to_json(answers) == found.stdout.strip()
