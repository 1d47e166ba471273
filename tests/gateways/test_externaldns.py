"""external-dns installed beside a gateway: one controller per cluster, with an owner id and credentials of its own."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import yaml

from bevel_tui.gateways import externaldns
from bevel_tui.gateways.catalogue import EXTERNAL_DNS_CHART
from bevel_tui.network.model import Network
from bevel_tui.plan.build import build
from bevel_tui.plan.manifests import behaviours, manifests
from bevel_tui.reachability.names.externaldns import Facts, controllers, judge
from bevel_tui.records.steps import DnsStep, ReleaseStep
from tests.gateways.external_dns import binary
from tests.gateways.networks import endpoint, network_of
from tests.tools import binaries

ENDPOINTS = [endpoint("a.east.example.com", 80)]


def network(**external_dns: Any) -> Network:
    return network_of("ambassador", dns={"mode": "external-dns", "external_dns": {"provider": "aws", **external_dns}})


def release(given: Network) -> ReleaseStep:
    _, step = externaldns.steps(given, given.clusters[0], ENDPOINTS)
    assert isinstance(step, ReleaseStep)
    return step


@pytest.mark.parametrize("provider", ["aws", "azure", "google", "digitalocean", "cloudflare", "rfc2136"])
def test_credentials_are_a_reference_where_each_provider_reads_them(provider: str) -> None:
    step = release(network(provider=provider, credentials="dns-credentials"))
    template = manifests(step)[-1]["spec"]["template"]["spec"]
    (container,) = template["containers"]
    by_env = any("valueFrom" in one for one in container.get("env", ()))
    by_file = [volume["secret"]["secretName"] for volume in template.get("volumes", ())]
    assert by_env != bool(by_file)
    assert "dns-credentials" in str(template)
    assert "env" not in release(network(provider=provider)).values


def test_what_is_installed_passes_the_check() -> None:
    step = release(network(zone="example.com", args=["--aws-zone-type=public"]))
    deployment = {**manifests(step)[-1], "status": {"readyReplicas": 1}}
    (controller,) = controllers([deployment])
    assert controller.owner == "n-east"
    assert "--aws-zone-type=public" in controller.args
    facts = Facts("east.example.com", "gw/edge", (controller,), True, ("*.east.example.com.",), {}, False)
    assert judge(facts).status == "ok"
    assert step.chart in behaviours()


def test_it_is_part_of_the_plan_once_a_cluster_and_only_in_its_mode() -> None:
    from bevel_tui.network.load import load

    one = load("besu-two-clusters")
    document = one.model_dump(mode="json", by_alias=True, exclude_none=True)
    document["dns"] = {"mode": "external-dns", "external_dns": {"provider": "google"}}
    document["clusters"][1]["dns"] = "manual"
    plan = build(Network.model_validate(document))
    installed = [step for step in plan.steps if isinstance(step, ReleaseStep) and step.chart == "external-dns"]
    assert [step.cluster for step in installed] == [document["clusters"][0]["name"]]
    assert installed[0].values["txtOwnerId"] == f"{one.name}-{installed[0].cluster}"
    assert not any(step.chart == "external-dns" for step in build(one).steps if isinstance(step, ReleaseStep))


def test_a_gateway_that_was_there_is_annotated_by_the_gate() -> None:
    there = {"existing_gateway": {"namespace": "edge", "service": "gw"}}
    given = network_of("ambassador", there, dns={"mode": "external-dns"})
    from bevel_tui.gateways.registry import gateway

    steps = gateway("ambassador").steps(given, given.clusters[0], ENDPOINTS)
    assert [step.annotate for step in steps if isinstance(step, DnsStep)] == [True]
    steps = gateway("ambassador").steps(network(), network().clusters[0], ENDPOINTS)
    assert [step.annotate for step in steps if isinstance(step, DnsStep)] == [False]


def test_no_flag_is_given_twice() -> None:
    """external-dns does not start with one that is; what the preset says wins."""
    args = ["--txt-wildcard-replacement=any", "--no-rfc2136-tsig-axfr", "--rfc2136-min-ttl=5s"]
    assert release(network(provider="rfc2136", args=args)).values["extraArgs"] == args
    assert release(network()).values["extraArgs"] == [externaldns.WILDCARD]


def test_the_sketch_is_the_charts(tmp_path: Any) -> None:
    """Against the real chart, of which `external_dns.binary` keeps a copy."""
    folder = binary.chart()
    if folder is None:
        pytest.skip(f"the chart external-dns 1.21.1 is not at hand: {binary.HOW}")
    assert yaml.safe_load((folder / "Chart.yaml").read_text())["version"] == EXTERNAL_DNS_CHART.version
    try:
        helm = binaries.helm()
    except binaries.BinaryMissingError as missing:
        pytest.skip(str(missing))
    step = release(network(credentials="dns-credentials", zone="example.com", args=["--aws-zone-type=public"]))
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(dict(step.values)))
    rendered = subprocess.run(
        [str(helm), "template", step.release, str(folder), "-n", str(step.namespace), "-f", str(tmp_path / "values.yaml")],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    real = {(m["kind"], m["metadata"]["name"]): m for m in yaml.safe_load_all(rendered) if m}
    ours = {(m["kind"], m["metadata"]["name"]): m for m in manifests(step)}
    assert set(real) == set(ours)
    (theirs,) = controllers([real["Deployment", "external-dns"]])
    (mine,) = controllers([ours["Deployment", "external-dns"]])
    assert set(mine.args) <= set(theirs.args)
    assert real["ClusterRole", "external-dns"]["rules"] == ours["ClusterRole", "external-dns"]["rules"]
