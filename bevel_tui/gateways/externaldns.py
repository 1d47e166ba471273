"""external-dns beside a gateway, where the preset asks for it: the project's own chart, told to look after one domain.

Each cluster's controller has an owner id of its own: with one id for all each would remove what the others made. Read in
github.com/kubernetes-sigs/external-dns, tag external-dns-helm-chart-1.21.1 (``charts/external-dns``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bevel_tui.gateways.catalogue import EXTERNAL_DNS_CHART
from bevel_tui.gateways.common import finish, namespace_step, opened, placement, release_step
from bevel_tui.gateways.sketches import cluster_role, place, rule
from bevel_tui.network.model import Cluster, ExternalDns, Network
from bevel_tui.platforms.behaviour import Behaviour, ChartBehaviour, Manifest, Serves
from bevel_tui.platforms.ids import external_dns_id
from bevel_tui.platforms.sketch import (
    Json,
    cluster_role_binding,
    container,
    deployment,
    meta,
    pod,
    service_account,
)
from bevel_tui.records.steps import Endpoint, ReleaseStep, Step

NAMESPACE = RELEASE = NAME = "external-dns"

#: provider -> where its credentials are expected: environment variable -> key of the Secret
_ENVIRONMENT: dict[str, dict[str, str]] = {
    "digitalocean": {"DO_TOKEN": "token"},
    "cloudflare": {"CF_API_TOKEN": "token"},
    "rfc2136": {"EXTERNAL_DNS_RFC2136_TSIG_SECRET": "tsig-secret"},
}
#: Stands for the asterisk in the registry's TXT names: many providers refuse ``a-*``, where the asterisk is not a label of
#: its own (kubernetes-sigs/external-dns, issues 2922 for Azure and 3028 for PowerDNS).
WILDCARD = "--txt-wildcard-replacement=wildcard"
#: Without it external-dns reads nothing of the zone (provider/rfc2136/rfc2136.go, ``List``): it would know of no owner,
#: write everything again in each round, and never remove anything.
TRANSFER = "--rfc2136-tsig-axfr"

#: provider -> (path at which the whole Secret is mounted, environment variable that names a file of it, that file)
_FILES: dict[str, tuple[str, str | None, str]] = {
    "aws": ("/.aws", "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    "azure": ("/etc/kubernetes", None, "azure.json"),
    "google": ("/etc/google", "GOOGLE_APPLICATION_CREDENTIALS", "credentials.json"),
}

behaviours: dict[str, ChartBehaviour] = {
    EXTERNAL_DNS_CHART.name: ChartBehaviour(
        name=EXTERNAL_DNS_CHART.name,
        version=EXTERNAL_DNS_CHART.version,
        pods=(
            Behaviour(
                kind="Deployment",
                workload=NAME,
                container=r"external-dns",
                seconds=1.0,
                serves=(Serves(7979, "http"),),
                source="external-dns/templates/deployment.yaml",
            ),
        ),
    )
}


def wanted(network: Network, cluster: Cluster) -> ExternalDns | None:
    """What the preset says of an external-dns to install in a cluster; None where none is to be."""
    if network.gateway.type == "none" or network.dns_mode(cluster) != "external-dns":
        return None
    return network.dns.external_dns


def steps(network: Network, cluster: Cluster, endpoints: Sequence[Endpoint]) -> tuple[Step, ...]:
    """Namespace and release; nothing where none is asked for, or no name leads to the cluster."""
    given = wanted(network, cluster)
    if given is None or not opened(endpoints):
        return ()
    namespace = namespace_step(network, cluster, NAMESPACE)
    release = release_step(
        network,
        cluster,
        id=external_dns_id(cluster.name),
        namespace=NAMESPACE,
        release=RELEASE,
        chart=EXTERNAL_DNS_CHART,
        values=_values(network, cluster, given),
        needs=(namespace.id,),
    )
    return (namespace, finish(release, manifests(release), behaviours[EXTERNAL_DNS_CHART.name]))


def owner(network: Network, cluster: Cluster, given: ExternalDns) -> str:
    """The owner id of a cluster's controller in the TXT registry."""
    return f"{given.owner or network.name}-{cluster.name}"


def _values(network: Network, cluster: Cluster, given: ExternalDns) -> dict[str, Any]:
    domain = str(cluster.domain)
    return {
        "fullnameOverride": NAME,
        "provider": {"name": given.provider},
        "sources": ["service"],
        "policy": given.policy,
        "registry": "txt",
        "txtOwnerId": owner(network, cluster, given),
        "domainFilters": [given.zone or domain],
        # a round soon after a Service changes, not only once a minute: the gate and `destroy` wait for that
        "triggerLoopOnEvent": True,
        "extraArgs": [*_always(given, network.dns.ttl), *given.args],
        **_credentials(given),
        **placement(network),
    }


def _always(given: ExternalDns, ttl: int) -> list[str]:
    """What our wildcard needs, unless the preset says it otherwise: no flag may be given twice.

    Other providers have a TTL of their own for who asks for none; with rfc2136 it would be 0, and every question a new one.
    """
    named = {arg.partition("=")[0].removeprefix("--").removeprefix("no-") for arg in given.args}
    wanted = [WILDCARD, *([TRANSFER, f"--rfc2136-min-ttl={ttl}s"] if given.provider == "rfc2136" else [])]
    return [arg for arg in wanted if arg.partition("=")[0].removeprefix("--") not in named]


def _credentials(given: ExternalDns) -> dict[str, Any]:
    """Environment or files from the Secret; without one the pods' own identity counts (IRSA, workload identity)."""
    if given.credentials is None:
        return {}
    if given.provider in _ENVIRONMENT:
        return {
            "env": [
                {"name": name, "valueFrom": {"secretKeyRef": {"name": given.credentials, "key": key}}}
                for name, key in _ENVIRONMENT[given.provider].items()
            ]
        }
    path, variable, file = _FILES[given.provider]
    return {
        **({"env": [{"name": variable, "value": f"{path}/{file}"}]} if variable else {}),
        "extraVolumes": [{"name": "credentials", "secret": {"secretName": given.credentials}}],
        "extraVolumeMounts": [{"name": "credentials", "mountPath": path, "readOnly": True}],
    }


# ---------------------------------------------------------------- what the chart renders


def manifests(step: ReleaseStep) -> tuple[Manifest, ...]:
    """The chart's objects, reduced [external-dns-1.21.1/templates]. Raises KeyError for another chart."""
    if step.chart != EXTERNAL_DNS_CHART.name:
        raise KeyError(step.chart)
    values, namespace = step.values, str(step.namespace)
    labels = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": step.release}
    objects: list[Json] = [
        service_account(NAME, namespace),
        cluster_role(
            NAME,
            [
                rule([""], ["nodes"], "list", "watch"),
                rule([""], ["pods"], "get", "watch", "list"),
                rule([""], ["services"], "get", "watch", "list"),
                rule(["discovery.k8s.io"], ["endpointslices"], "get", "watch", "list"),
            ],
        ),
        cluster_role_binding(f"{NAME}-viewer", role=NAME, account=NAME, namespace=namespace),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta(NAME, namespace, labels),
            "spec": {
                "type": "ClusterIP",
                "selector": labels,
                "ports": [{"name": "http", "port": 7979, "targetPort": "http", "protocol": "TCP"}],
            },
        },
        deployment(NAME, namespace, place(_pod(labels, values), values)),
    ]
    return tuple(objects)


def _pod(labels: dict[str, str], values: Mapping[str, Any]) -> Json:
    controller = container(
        NAME,
        "registry.k8s.io/external-dns/external-dns:v0.21.0",
        env=values.get("env", ()),
        ports={"http": 7979},
        mounts={mount["name"]: mount["mountPath"] for mount in values.get("extraVolumeMounts", ())},
    )
    controller["args"] = [
        *(["--events"] if values["triggerLoopOnEvent"] else []),
        *(f"--source={source}" for source in values["sources"]),
        f"--policy={values['policy']}",
        f"--registry={values['registry']}",
        f"--txt-owner-id={values['txtOwnerId']}",
        *(f"--domain-filter={domain}" for domain in values["domainFilters"]),
        f"--provider={values['provider']['name']}",
        *values["extraArgs"],
    ]
    controller["readinessProbe"] = {"httpGet": {"path": "/healthz", "port": "http"}, "initialDelaySeconds": 5}
    return pod(labels, NAME, [controller], volumes=values.get("extraVolumes", ()))
