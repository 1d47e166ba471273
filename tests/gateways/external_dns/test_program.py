"""The real external-dns against the product: what we install, annotate and wait for is what the program understands.

Two clusters of the sandbox, in each the program itself, told what our plan tells it; one zone of a real BIND for both.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bevel_tui.engine.context import Access
from bevel_tui.engine.externaldns import examine
from bevel_tui.engine.options import RunOptions
from bevel_tui.engine.run import deploy, destroy
from bevel_tui.network.load import load
from bevel_tui.network.model import Network
from bevel_tui.plan.build import build
from bevel_tui.plan.manifests import manifests
from bevel_tui.reachability.dialer import Dialer
from bevel_tui.reachability.names.externaldns import ANNOTATION, controllers, owner_of
from bevel_tui.reachability.resolver import Resolver, Server
from bevel_tui.records.steps import AddressStep, ReleaseStep
from tests.gateways.external_dns import binary, kubelet
from tests.parts import up_to
from tests.reachability.realdns import RealDns, RealServer
from tests.sandbox.conftest import running
from tests.tools import binaries

pytestmark = pytest.mark.sandbox

ZONE = "example.test"
TEXT = """$TTL 60
@ IN SOA ns1 admin ( 1 60 60 600 30 )
@ IN NS ns1
ns1 IN A 127.0.0.1
*.taken IN A 198.51.100.1
"""


@pytest.fixture(scope="module")
def program() -> Path:
    found = binary.find()
    if found is None:
        pytest.skip(f"external-dns is not built: {binary.HOW}")
    return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    dns = RealDns(tmp_path)
    try:
        yield dns.bind({ZONE: TEXT}, zone_options="allow-update { key updater; }; allow-transfer { key updater; };")
    finally:
        dns.stop()


def edges(port: int) -> tuple[Network, Any]:
    """A network whose clusters each have an external-dns that writes into one zone; the plan of its edges alone."""
    document = copy.deepcopy(load("fabric-two-clusters").model_dump(mode="json", by_alias=True, exclude_none=True))
    document["dns"] = {
        "mode": "external-dns",
        "ttl": 120,
        "external_dns": {
            "provider": "rfc2136",
            "zone": ZONE,
            "credentials": "dns-credentials",
            "args": [
                "--rfc2136-host=127.0.0.1",
                f"--rfc2136-port={port}",
                f"--rfc2136-zone={ZONE}",
                "--rfc2136-tsig-keyname=updater",
                "--rfc2136-tsig-secret-alg=hmac-sha256",
            ],
        },
    }
    network = Network.model_validate(document)
    return network, up_to(build(network), "east/dns", "west/dns")


def records(server: RealServer, name: str, kind: str) -> set[str]:
    return {rdata.to_text().strip('"') for found in server.ask(name, kind).answer for rdata in found}


async def test_it_does_what_we_tell_it_and_we_read_what_it_writes(
    program: Path, server: RealServer, tmp_path: Path
) -> None:
    network, plan = edges(server.port)
    contexts = [cluster.context for cluster in network.clusters]
    key = {"tsig-secret": base64.b64encode(RealDns(tmp_path).key.encode()).decode()}
    async with running(tmp_path, *contexts) as box:
        # the product asks the real name server, as external-dns does
        box.world.names.address = server.where
        box.conductor.descriptions.changed()
        for context in contexts:
            where = {"name": "dns-credentials", "namespace": "external-dns"}
            await box.apply(
                context,
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "external-dns"}},
                {"apiVersion": "v1", "kind": "Secret", "metadata": where, "data": key},
            )
        options = RunOptions(kubeconfig=str(box.kubeconfig), journal=False)

        async def run(command: Any) -> list[Any]:
            return [event async for event in command(network, plan, options)]

        async with kubelet.playing(program, box, tmp_path, *contexts) as kubelets:
            logs = lambda: "\n".join(one.log[-3000:] for one in kubelets.values())  # noqa: E731
            events = await run(deploy)
            assert events[-1].exit_code == 0, logs()
            for cluster, address in (("east", "127.101.1.1"), ("west", "127.101.2.1")):
                domain = f"{cluster}.{ZONE}"
                assert records(server, f"a.b.{domain}", "A") == {address}, logs()
                assert server.ask(f"a.b.{domain}", "A").answer[0].ttl == network.dns.ttl
                (registry,) = records(server, f"a-wildcard.{domain}", "TXT")
                assert owner_of(registry) == f"{network.name}-{cluster}"
            await looks_well(box, network, plan, server)

            # what each has made the other leaves alone, and nobody writes again what is there
            serial = server.serial(ZONE)
            stranger = kubelets[contexts[0]]
            named = ("--once", *(a.replace(f"{network.name}-east", "stranger") for a in stranger.args))
            env = {"EXTERNAL_DNS_RFC2136_TSIG_SECRET": RealDns(tmp_path).key}
            other = stranger.start(named, env, "external-dns")
            assert await asyncio.to_thread(other.wait, 60) == 0, logs()
            again = await run(deploy)
            outcomes = {event.step: event.outcome for event in again if event.type == "step-finished"}
            assert set(outcomes.values()) == {"unchanged"}
            assert server.serial(ZONE) == serial, logs()

            # why ids must differ: with one id for both, the second takes away what only the first one's Service names
            assert "Removing RR" not in kubelets[contexts[1]].log
            twin = kubelets[contexts[1]].start(("--once", *stranger.args), env, "external-dns")
            assert await asyncio.to_thread(twin.wait, 60) == 0, logs()
            assert f"Removing RR: *.east.{ZONE}" in kubelets[contexts[1]].log
            async with asyncio.timeout(60):
                while not records(server, f"a.b.east.{ZONE}", "A"):  # the first one makes it again
                    await asyncio.sleep(0.05)

            gone = await run(destroy)
            assert gone[-1].exit_code == 0, logs()
            order = [event.step for event in gone if event.type == "step-finished"]
            for cluster in ("east", "west"):
                assert order.index(f"{cluster}/dns") < order.index(f"{cluster}/external-dns/external-dns")
            warned = [event.text for event in gone if event.type == "notice" and event.level == "warning"]
            assert warned == [], logs()
            assert [one.ended for one in kubelets.values()] == [1, 1]
        for cluster in ("east", "west"):
            assert records(server, f"a.b.{cluster}.{ZONE}", "A") == set()
            assert records(server, f"a-wildcard.{cluster}.{ZONE}", "TXT") == set()
        assert records(server, f"x.taken.{ZONE}", "A") == {"198.51.100.1"}, "nobody's: never touched"


async def looks_well(box: Any, network: Network, plan: Any, server: RealServer) -> None:
    """The check `external-dns` says so of both clusters, by the registry that the program wrote."""
    resolver = Resolver(Dialer(), authorities=(Server.parse(server.where),))
    owners: dict[str, tuple[str, str]] = {}
    for cluster in network.clusters:
        access = Access(cluster.name, cluster.context, Path(str(box.kubeconfig)), box.clients[cluster.context])
        gateway = next(s for s in plan.steps if isinstance(s, AddressStep) and s.cluster == cluster.name)
        found = await examine(access, str(cluster.domain), gateway, resolver, owners)
        assert (found.status, found.code) == ("ok", None), found
        assert f"owner by the TXT registry: {network.name}-{cluster.name}" in found.evidence


def test_every_name_of_the_annotation_becomes_a_record(program: Path, server: RealServer, tmp_path: Path) -> None:
    """Joined by commas, as networks that share a gateway have them; a name outside of the zone is left out."""
    asyncio.run(every_name(program, server, tmp_path))


async def every_name(program: Path, server: RealServer, tmp_path: Path) -> None:
    _, plan = edges(server.port)
    step = next(s for s in plan.steps if isinstance(s, ReleaseStep) and s.chart == "external-dns")
    async with running(tmp_path, "east") as box:
        rights = [m for m in manifests(step) if m["kind"] in {"ServiceAccount", "ClusterRole", "ClusterRoleBinding"}]
        names = "*.a.example.test.,*.b.example.test.,console.example.test.,*.taken.example.test,elsewhere.example.org"
        edge = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "edge", "namespace": "test", "annotations": {ANNOTATION: names}},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
        }
        await box.apply("east", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "external-dns"}})
        await box.apply("east", *rights, edge)
        async for _, found in box.clients["east"].watch("v1", "Service", "test"):
            if ((found.get("status") or {}).get("loadBalancer") or {}).get("ingress"):
                break
        one = kubelet.Kubelet(program, box, "east", tmp_path)
        deployment = next(m for m in manifests(step) if m["kind"] == "Deployment")
        args = rendered_args(step, tmp_path) or deployment["spec"]["template"]["spec"]["containers"][0]["args"]
        env = {"EXTERNAL_DNS_RFC2136_TSIG_SECRET": RealDns(tmp_path).key}
        process = one.start(("--once", *args), env, "external-dns")
        assert await asyncio.to_thread(process.wait, 60) == 0, one.log
        for name in ("x.a.example.test", "y.z.b.example.test", "console.example.test"):
            assert records(server, name, "A") == {"127.101.1.1"}, one.log
        assert records(server, "x.taken.example.test", "A") == {"198.51.100.1"}, one.log
        (controller,) = controllers([{**deployment, "status": {"readyReplicas": 1}}])
        for host in ("*.a.example.test", "*.b.example.test", "console.example.test"):
            owners = {owner_of(t) for name in controller.registry_names(host) for t in records(server, name, "TXT")}
            assert owners == {controller.owner}, "where we look for the registry is where it stands"


def rendered_args(step: ReleaseStep, folder: Path) -> tuple[str, ...] | None:
    """The arguments that the chart itself makes of our values; None without helm."""
    chart = binary.chart()
    try:
        helm = binaries.helm()
    except binaries.BinaryMissingError:
        return None
    if chart is None:
        return None
    values = folder / "values.yaml"
    values.write_text(json.dumps(step.values))
    told = subprocess.run(
        [str(helm), "template", step.release, str(chart), "-n", str(step.namespace), "-f", str(values)],
        check=True,
        capture_output=True,
        text=True,
    )
    found = next(m for m in yaml.safe_load_all(told.stdout) if m and m["kind"] == "Deployment")
    return tuple(found["spec"]["template"]["spec"]["containers"][0]["args"])
