"""The binaries that other tests rely on are what their names say."""

from __future__ import annotations

import subprocess

import pytest

from tests.tools import binaries


@pytest.mark.parametrize("major", ["4", "3"])
def test_helm_is_of_the_major_version_asked_for(major: str) -> None:
    try:
        helm = binaries.helm(major)
    except binaries.BinaryMissingError as missing:
        pytest.skip(str(missing))
    out = subprocess.run([helm, "version", "--short"], capture_output=True, text=True, check=True).stdout
    assert out.startswith(f"v{major}.")
    minor = int(out.split(".")[1])
    assert major == "4" or minor >= 14


def test_kubectl_runs() -> None:
    try:
        kubectl = binaries.kubectl()
    except binaries.BinaryMissingError as missing:
        pytest.skip(str(missing))
    out = subprocess.run([kubectl, "version", "--client"], capture_output=True, text=True, check=True).stdout
    assert out.startswith("Client Version: v1.")
