"""A real API server accepts every sketch, with strict field validation (stand-ins are installed into real ones too)."""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bevel_tui.platforms.behaviour import ChartFile
from bevel_tui.platforms.registry import platform
from bevel_tui.records.steps import ReleaseStep
from tests.cluster import binary, planes
from tests.contract.topologies import MORE, TOPOLOGIES

#: stands for a handed file; some charts put it where base64 must be (facts A5, HANDOFF)
FILE = "Y29udGVudA=="
PLURALS = {"StorageClass": "storageclasses", "Ingress": "ingresses"}


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[planes.Plane]:
    program = binary.find()
    if program is None:
        pytest.skip(binary.HOW)
    (started,) = await asyncio.to_thread(planes.start, program, tmp_path, ["one"])
    yield started
    await asyncio.to_thread(started.stop)


def post(plane: planes.Plane, path: str, body: dict[str, Any]) -> str | None:
    """None, or the refusal's message."""
    request = urllib.request.Request(
        f"{plane.server}{path}",
        data=json.dumps(body, default=lambda value: FILE if isinstance(value, ChartFile) else 1 / 0).encode(),
        headers={"Authorization": f"Bearer {plane.tokens['admin']}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10, context=ssl.create_default_context(cadata=plane.ca.decode())):
            return None
    except urllib.error.HTTPError as error:
        return str(json.loads(error.read())["message"])


def place(manifest: dict[str, Any]) -> str:
    version, kind = manifest["apiVersion"], manifest["kind"]
    group = f"/api/{version}" if "/" not in version else f"/apis/{version}"
    namespace = manifest["metadata"].get("namespace")
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"{group}{within}/{PLURALS.get(kind, kind.lower() + 's')}?dryRun=All&fieldValidation=Strict"


async def test_every_builtin_object_is_accepted(plane: planes.Plane) -> None:
    refused: dict[str, str] = {}
    asked: set[str] = set()
    for topology in (*TOPOLOGIES, *MORE):
        module = platform(topology.platform)
        for step in module.steps(topology.network):
            if not isinstance(step, ReleaseStep):
                continue
            if str(step.namespace) not in asked:
                asked.add(str(step.namespace))
                made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": step.namespace}}
                assert await asyncio.to_thread(post, plane, "/api/v1/namespaces", made) is None
            for manifest in module.manifests(step):
                if manifest["apiVersion"].startswith("getambassador.io/"):
                    continue
                name = f"{topology.name} {step.namespace} {manifest['kind']}/{manifest['metadata']['name']}"
                message = await asyncio.to_thread(post, plane, place(dict(manifest)), dict(manifest))
                if message is not None:
                    refused[name] = message
    assert refused == {}
