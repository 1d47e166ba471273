"""Do sketches say what Bevel's own charts render with the values that we plan? (needs BEVEL_CHARTS and helm)

Every release of every documented topology, and of shapes that the READMEs do not have, is rendered by the helm CLI
from a private copy of the real chart; objects, hooks, hosts, ports, containers and mounts must be those of the
sketch, and the behaviours table must know every container.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bevel_tui.helm.charts import ReleaseCharts
from bevel_tui.network.model import ChartSource, Network
from bevel_tui.plan.manifests import behaviours, manifests
from bevel_tui.platforms import corda_charts, groundwork
from bevel_tui.platforms.registry import platform
from bevel_tui.records.steps import ClusterFact, ObjectValue, ReleaseStep, SecretValue
from tests.contract.summaries import summary, workload
from tests.contract.topologies import GROWN, MORE, TOPOLOGIES, Topology
from tests.tools import binaries

pytestmark = pytest.mark.bevel_charts

FOLDERS = (
    "hyperledger-besu",
    "hyperledger-fabric",
    "hyperledger-indy",
    "quorum",
    "substrate",
    "r3-corda",
    "r3-corda-ent",
    "shared",
)
WORKLOADS = ("Job", "StatefulSet", "Deployment")


@pytest.fixture(scope="module")
def charts() -> Path:
    root = os.environ.get("BEVEL_CHARTS")
    if not root:
        pytest.skip("BEVEL_CHARTS does not name an unpacked Bevel v1.3.0")
    return Path(root)


@pytest.fixture(scope="module")
def helm() -> Path:
    try:
        return binaries.helm()
    except binaries.BinaryMissingError as missing:
        pytest.skip(str(missing))


def find_chart(root: Path, name: str) -> Path:
    return next(path for f in FOLDERS if (path := root / "platforms" / f / "charts" / name).is_dir())


def private_copy(root: Path, step: ReleaseStep, target: Path) -> Path:
    """The chart as an install gets it: one level of dependencies, patched, with handed-off files (facts 0.2, 0.9)."""
    charts = ReleaseCharts(
        manifests=manifests, simulated={}, ledger=ChartSource(path=str(root)), gateways=None, preset=None
    )
    files = {file: b'["enode://00@example:1"]' if "nodes" in file else b'{"data": {}}' for file in step.files}
    return asyncio.run(charts.prepare(step, target, files))


def resolved(value: Any) -> Any:
    """Values as the engine would hand them to Helm."""
    if isinstance(value, SecretValue):
        return "a-secret"
    if isinstance(value, ObjectValue):
        return value.form.replace("{}", "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp")
    if isinstance(value, ClusterFact):
        return {"type": "fast"} if value.what == "parameters" else "csi.example.com"
    if isinstance(value, Mapping):
        return {key: resolved(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(item) for item in value]
    return value


def render(helm: Path, chart: Path, step: ReleaseStep, folder: Path) -> list[dict[str, Any]]:
    values = folder / "values.json"
    values.write_text(json.dumps(resolved(step.values)))
    done = subprocess.run(
        [helm, "template", step.release, chart, "--namespace", step.namespace, "--values", values],
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def told(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What is compared of one object."""
    found = summary(manifest)
    found.pop("keys", None)
    if manifest["kind"] == "StorageClass":
        for key in ("provisioner", "parameters", "volumeBindingMode", "allowedTopologies"):
            found[key] = manifest.get(key)
    if manifest["kind"] in WORKLOADS:
        found.update(workload(manifest))
        found["account"] = found["account"] or "default"
    return found


def cases() -> list[Any]:
    return [
        pytest.param(topology, step, id=f"{topology.name}:{step.id}")
        for topology in (*TOPOLOGIES, *MORE, *GROWN)
        for step in topology.steps
        if isinstance(step, ReleaseStep)
    ]


@pytest.mark.parametrize(("topology", "step"), cases())
def test_sketch_is_what_the_chart_renders(
    topology: Topology, step: ReleaseStep, charts: Path, helm: Path, tmp_path: Path
) -> None:
    if step.origin == "own":
        return  # there is no chart but the sketch
    rendered = render(helm, private_copy(charts, step, tmp_path), step, tmp_path)
    real = {f"{m['kind']}/{m['metadata']['name']}": m for m in rendered}
    from dataclasses import replace

    sketched = {
        f"{m['kind']}/{m['metadata']['name']}": m for m in manifests(replace(step, values=resolved(step.values)))
    }
    assert sorted(sketched) == sorted(real)
    for name, manifest in real.items():
        theirs, ours = told(manifest), told(sketched[name])
        if manifest["kind"] == "ConfigMap":
            assert set(sketched[name].get("data") or {}) <= set(manifest.get("data") or {}), name
        if manifest["kind"] in WORKLOADS:
            # charts look in the cluster for the founder's own map; offline they take the other (facts 0.10)
            for side in (theirs, ours):
                side["needs"] = sorted(
                    re.sub(r"/(.+-)?orderer-tls-cacert$", "/orderer-tls-cacert", n) for n in side["needs"]
                )
            assert set(theirs.pop("ports")) >= set(ours.pop("ports")), name
        assert ours == theirs, name


@pytest.mark.parametrize(("topology", "step"), cases())
def test_behaviours_know_every_container(
    topology: Topology, step: ReleaseStep, charts: Path, helm: Path, tmp_path: Path
) -> None:
    if step.origin == "own":
        return
    table = behaviours()[step.chart]
    unknown = []
    for manifest in render(helm, private_copy(charts, step, tmp_path), step, tmp_path):
        if manifest["kind"] not in WORKLOADS:
            continue
        pod = manifest["spec"]["template"]["spec"]
        for init, containers in ((True, pod.get("initContainers") or ()), (False, pod["containers"])):
            for container in containers:
                entry = next(
                    (
                        e
                        for e in table.pods
                        if e.kind == manifest["kind"]
                        and re.fullmatch(e.workload, manifest["metadata"]["name"])
                        and re.fullmatch(e.container, container["name"])
                    ),
                    None,
                )
                if entry is None or entry.init is not init:
                    unknown.append(f"{manifest['kind']}/{manifest['metadata']['name']} {container['name']}")
    assert unknown == []


def test_handed_files_are_read_by_the_chart(charts: Path) -> None:
    """A file that no template reads would be a handoff for nothing."""
    missing = []
    for topology in TOPOLOGIES:
        for step in platform(topology.platform).steps(Network.model_validate(topology.document)):
            if not isinstance(step, ReleaseStep) or not step.files:
                continue
            chart = find_chart(charts, step.chart)
            templates = "\n".join(path.read_text() for path in (chart / "templates").iterdir())
            for file in step.files:
                name = file.removeprefix("files/")
                # names may be put together: printf "files/%s-did.json" .name
                ends = [f"files/%s{name[i:]}" for i, c in enumerate(name) if c in "-."]
                if not any(pattern in templates for pattern in (name, *ends)):
                    missing.append(f"{step.id}: {file}")
    assert missing == []


ALIASES = {"storage": "bevel-storageclass", "tessera": "{}-tessera-node", "tls": "{}-tlscert-gen"}
ALIASES |= {"certs": "fabric-catools", "peer": "fabric-cli", "bevel-vault-mgmt": "bevel-vault-mgmt"}
ALIASES |= {"substrate-storage": "bevel-storageclass"}
ALIASES |= {part: f"cenm-{part}" for part in ("auth", "gateway", "zone", "signer", "idman")}
#: charts whose folders, or whose certificates sub-charts, are not called as those of other platforms
CALLED = {"quorum-tls-gen": "quorum-tlscert-gen"}
CALLED |= {f"{platform}-tlscert-gen": "corda-certs-gen" for platform in ("corda", "corda-enterprise")}
CONDITIONS = {
    # read by Helm itself: which sub-charts are rendered
    "tags.bevel-vault-mgmt",
    "tags.bevel-scripts",
    "tessera.enabled",
    "tls.enabled",
    "storage.enabled",
    "certs.generateCertificates",
    "tessera.storage.enabled",
    "peer.cliEnabled",
}


#: set all the same: documented by the chart, but no template reads it (the Job gets no pull secret, the pod not Vault's CA)
DEAF = {
    ("indy-genesis", "global.vault.tls"),
    ("substrate-key-gen", "global.vault.tls"),
    ("besu-genesis", "image.pullSecret"),
    ("besu-node", "global.vault.tls"),
    ("quorum-genesis", "image.pullSecret"),
    ("quorum-node", "global.vault.tls"),
}
#: values that patches of the private copies read
PATCHED = {
    groundwork.POD_PLACEMENT: "global.placement.",
    corda_charts.HOOK_PULL_SECRET: "image.pullSecret",
    corda_charts.ADVERTISED_PORT: "global.proxy.p2p",
    groundwork.ACCOUNT_PULL_SECRET: "global.pullSecret",
    "fabric-vault-ca": "global.vault.tls",
    "fabric-ingress-class": "global.ingressClass",
    "fabric-chaincode-material": "global.material",
    "fabric-chaincode-package": "global.package",
}
#: the same in every release of a platform, read or not
COMMON = {"global.cluster.provider", "global.cluster.cloudNativeServices", "global.vault.type"}


def leaves(values: Any, path: str = "") -> list[str]:
    """Dotted paths of everything that is no mapping."""
    if isinstance(values, Mapping) and values:
        return [leaf for key, item in values.items() for leaf in leaves(item, f"{path}.{key}" if path else key)]
    return [path]


def read_by(text: str, path: str) -> bool:
    """Whether templates read a value, or one of the trees that hold it as a whole."""
    parts = path.split(".")
    return any(
        re.search(rf"Values\.{re.escape('.'.join(parts[:count]))}(?![\w.])", text) for count in range(1, len(parts) + 1)
    )


@pytest.mark.parametrize(("topology", "step"), cases())
def test_every_value_is_read_by_the_chart(topology: Topology, step: ReleaseStep, charts: Path) -> None:
    """A misspelt value is silently ignored by Helm (B14): each one we set is read by the chart or a sub-chart."""

    def templates(name: str) -> str:
        folder = find_chart(charts, CALLED.get(name, name))
        files = [p for p in folder.glob("files/*") if p.suffix in (".tpl", ".sh", ".conf")]
        return "\n".join(p.read_text() for p in [*(folder / "templates").iterdir(), *files])

    if step.origin == "own":
        return  # there is no chart but the sketch
    own = templates(step.chart)
    requirements = find_chart(charts, step.chart) / "requirements.yaml"
    listed = yaml.safe_load(requirements.read_text())["dependencies"] if requirements.exists() else ()
    shared = "".join(
        templates(dependency["name"]) for dependency in listed if dependency["repository"].startswith("file:")
    )
    ignored = []
    for path in leaves(step.values):
        first, _, rest = path.partition(".")
        sub = templates(ALIASES[first].format(topology.platform)) if first in ALIASES else ""
        every = own + shared if first == "global" else own
        if any(path.startswith(read) for patch, read in PATCHED.items() if patch in step.patches):
            continue
        if path not in CONDITIONS | COMMON and not read_by(every, path) and not (sub and read_by(sub, rest)):
            ignored.append(path)
    assert [path for path in ignored if (step.chart, path) not in DEAF] == []
