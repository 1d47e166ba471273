"""Does the sketch say what HAProxy's own chart, as Bevel bundles it, renders with our values?

Needs BEVEL_CHARTS and helm. The Ambassador charts are not in a Bevel checkout: BEVEL_TUI_GATEWAY_CHARTS may name a
folder that holds them, unpacked, under their bare names.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bevel_tui.gateways.catalogue import CHARTS, HAPROXY
from bevel_tui.gateways.registry import gateway
from bevel_tui.records.steps import ReleaseStep
from tests.gateways.networks import endpoint, network_of
from tests.tools import binaries

pytestmark = pytest.mark.bevel_charts

PLACEMENT = {"node_selector": {"pool": "edge"}, "tolerations": [{"key": "edge", "operator": "Exists"}]}


@pytest.fixture(scope="module")
def helm() -> Path:
    try:
        return binaries.helm()
    except binaries.BinaryMissingError as missing:
        pytest.skip(str(missing))


def chart_of(name: str) -> Path:
    folder, root = os.environ.get("BEVEL_TUI_GATEWAY_CHARTS"), os.environ.get("BEVEL_CHARTS")
    if folder and (Path(folder) / name).is_dir():
        return Path(folder) / name
    bundled = CHARTS[name].in_bevel
    if root and bundled:
        return Path(root) / bundled
    pytest.skip(f"chart {name} is in neither BEVEL_TUI_GATEWAY_CHARTS nor BEVEL_CHARTS")


def rendered(helm: Path, step: ReleaseStep, values: Path) -> dict[tuple[str, str], Any]:
    values.write_text(json.dumps(step.values))
    # fixed arguments, no shell
    done = subprocess.run(
        [
            *(str(helm), "template", step.release, str(chart_of(step.chart)), "--namespace", str(step.namespace)),
            *("--values", str(values), "--api-versions", "networking.k8s.io/v1/IngressClass"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    documents = yaml.load_all(done.stdout, yaml.CSafeLoader)
    return {(d["kind"], d["metadata"]["name"]): d for d in documents if d}


@pytest.mark.parametrize(
    ("name", "edition", "release"),
    [
        ("haproxy", "emissary", "haproxy"),
        ("ambassador", "emissary", "emissary-crds"),
        ("ambassador", "emissary", "emissary-ingress"),
        ("ambassador", "edge-stack", "edge-stack"),
    ],
)
@pytest.mark.parametrize("dns", ["manual", "external-dns"])
def test_the_sketch_is_what_the_chart_renders(
    name: str, edition: str, release: str, dns: str, helm: Path, tmp_path: Path
) -> None:
    network = network_of(name, {"dns": dns}, gateway={"type": name, "edition": edition}, placement=PLACEMENT)
    endpoints = [endpoint("a.east.example.com", 443 if name == "haproxy" else 15011)]
    endpoints.append(endpoint("b.east.example.com", 80))
    module = gateway(name)
    steps = module.steps(network, network.clusters[0], endpoints)
    step = next(s for s in steps if isinstance(s, ReleaseStep) and s.release == release)
    real = rendered(helm, step, tmp_path / "values.json")
    ours = {(m["kind"], m["metadata"]["name"]): m for m in module.manifests(step)}
    assert set(ours) == set(real)
    for key, sketch in ours.items():
        assert sketch["apiVersion"] == real[key]["apiVersion"]
        if key[0] == "Service":
            assert ports(sketch) == ports(real[key])
            assert sketch["spec"]["type"] == real[key]["spec"]["type"]
            assert annotations(sketch) == annotations(real[key])
        if key[0] in ("Deployment", "DaemonSet"):
            assert pod(sketch) == pod(real[key])
        if key[0] == "CustomResourceDefinition":
            assert identity(sketch) == identity(real[key])


def ports(service: dict[str, Any]) -> list[tuple[int, Any]]:
    """Port and target, except of the admin Service, whose target has a name in one and a number in the other."""
    numbered = {"admin": 8877}
    return [(p["port"], numbered.get(p["targetPort"], p["targetPort"])) for p in service["spec"]["ports"]]


def annotations(service: dict[str, Any]) -> dict[str, str]:
    """What external-dns reads; the charts add advertisements of their makers."""
    found = service["metadata"].get("annotations") or {}
    return {key: value for key, value in found.items() if "external-dns" in key}


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    spec = workload["spec"]["template"]["spec"]
    return {
        "containers": [(c["name"], c["image"]) for c in spec["containers"]],
        "account": spec.get("serviceAccountName") or "default",
        "replicas": workload["spec"].get("replicas", 1),
        # Redis, which is no edge, stays where it is
        **{key: spec.get(key) or None for key in ("nodeSelector", "tolerations")},
    }


def identity(crd: dict[str, Any]) -> Any:
    spec = crd["spec"]
    versions = {(v["name"], v["served"], v["storage"], bool(v.get("subresources"))) for v in spec["versions"]}
    return spec["group"], spec["scope"], spec["names"]["kind"], spec["names"]["plural"], versions


def test_the_bundled_archive_is_the_version_that_is_pinned(helm: Path) -> None:
    done = subprocess.run(
        [str(helm), "show", "chart", str(chart_of("haproxy-ingress"))],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert yaml.safe_load(done.stdout)["version"] == HAPROXY.version
