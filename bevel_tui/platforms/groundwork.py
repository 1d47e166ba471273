"""What every platform's steps have in common: namespaces, Secrets, the `global` values, and how a release is made.

Bevel's charts share their `global` tree and their shared sub-charts (facts 0.4, E, F); what they share is planned
here once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from bevel_tui.network.model import Cluster, Network, Organization, SecretRef
from bevel_tui.network.naming import namespace_of
from bevel_tui.platforms.behaviour import ChartBehaviour, Manifest
from bevel_tui.platforms.ids import address_step_id, gateway_crds_id, namespace_id, secret_id
from bevel_tui.platforms.values import PROVISIONERS
from bevel_tui.records.steps import (
    ClusterFact,
    Expected,
    NamespaceStep,
    ObjectRef,
    ReleaseStep,
    SecretStep,
    SecretValue,
)

#: cluster-scoped kinds that charts render
CLUSTER_SCOPED = frozenset(
    {"Namespace", "StorageClass", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "IngressClass"}
)

#: Bevel's charts have no values for node selectors and tolerations; the private copies get them (helm.patches)
POD_PLACEMENT = "pod-placement"
#: several hooks and Jobs ignore image.pullSecret; the namespace's ServiceAccount gets it instead (helm.patches)
ACCOUNT_PULL_SECRET = "account-pull-secret"  # noqa: S105 - the name of a patch

#: what a Secret holds: key -> reference, or a text that is no secret
Data = tuple[tuple[str, SecretValue | str], ...]

ROOT_TOKEN = "roottoken"  # noqa: S105 - the name that the charts ask for (facts 0.12)
VAULT_CA = "vault-ca"


def reference(ref: SecretRef, *, url: bool = False) -> SecretValue:
    """A preset's reference as steps carry it; only the engine looks behind it. `url`: a script puts it into a URL."""
    return SecretValue(env=ref.env, file=ref.file, url=url)


def word(ref: SecretRef | None) -> SecretValue | None:
    """A reference to a value that the charts' scripts take without quotes (facts A3 Q4)."""
    return None if ref is None else replace(reference(ref), word=True)


# ---------------------------------------------------------------- before the first chart


def namespace_step(network: Network, organization: Organization) -> NamespaceStep:
    """The organization's namespace."""
    namespace = namespace_of(network, organization)
    return NamespaceStep(
        id=namespace_id(organization.cluster, namespace),
        cluster=organization.cluster,
        namespace=namespace,
        organization=organization.name,
        managed=organization.managed,
        estimate=0.1,
    )


def secret_steps(network: Network, organization: Organization) -> tuple[SecretStep, ...]:
    """The Secrets that the charts expect to find (facts 0.12): root token of Vault, its CA, registry login."""
    wanted: list[tuple[str, Any, Data]] = []
    if network.vault is not None:
        wanted.append((ROOT_TOKEN, "Opaque", (("token", reference(network.vault.token)),)))
        if network.vault.ca is not None:
            # two keys: the Fabric CA chart asks for another one than all the rest (facts E)
            ca = reference(network.vault.ca)
            wanted.append((VAULT_CA, "Opaque", (("ca.crt.pem", ca), ("ca-crt.pem", ca))))
    if network.registry is not None:
        login: Data = (
            ("server", network.registry.server),
            ("username", reference(network.registry.username)),
            ("password", reference(network.registry.password)),
        )
        wanted.append((network.registry.pull_secret, "kubernetes.io/dockerconfigjson", login))
    return tuple(secret_step(network, organization, name, data, kind) for name, kind, data in wanted)


def secret_step(
    network: Network,
    organization: Organization,
    name: str,
    data: Data,
    kind: Literal["Opaque", "kubernetes.io/dockerconfigjson"] = "Opaque",
) -> SecretStep:
    """A Secret in the organization's namespace, before its charts."""
    namespace = namespace_of(network, organization)
    return SecretStep(
        id=secret_id(organization.cluster, namespace, name),
        cluster=organization.cluster,
        namespace=namespace,
        organization=organization.name,
        managed=organization.managed,
        needs=(namespace_id(organization.cluster, namespace),),
        estimate=0.1,
        name=name,
        secret_type=kind,
        data=data,
    )


def first_needs(network: Network, organization: Organization) -> tuple[str, ...]:
    """What the first release of a namespace needs: the namespace and its Secrets."""
    namespace = namespace_of(network, organization)
    return (
        namespace_id(organization.cluster, namespace),
        *(step.id for step in secret_steps(network, organization)),
    )


def gateway_needs(network: Network, cluster: str) -> tuple[str, ...]:
    """After which step the gateway's CRDs are there; nothing without a gateway.

    Its pods may still be starting: a route is stored without them, and a node's peers find it when they can.

    A gateway that exists already has no release: there the step that finds its address stands for it.
    """
    if network.gateway.type == "none":
        return ()
    if network.cluster(cluster).existing_gateway is not None:
        return (address_step_id(cluster),)
    return (gateway_crds_id(cluster),)


# ---------------------------------------------------------------- values


def chart_provider(cluster: Cluster) -> str:
    """global.cluster.provider: the user's, unless storage is chosen otherwise.

    Bevel derives the provisioner and default parameters from it (facts F); with a provisioner or class of the
    user's own those parameters would be mixed into theirs, so the charts are told of no provider they know.
    """
    chosen = cluster.storage.provisioner is not None or cluster.storage.class_name is not None
    return "other" if chosen and cluster.provider in PROVISIONERS else cluster.provider


def storage_values(cluster: Cluster) -> dict[str, Any]:
    """The `storage` values that choose a provisioner (facts F: none is rendered for providers Bevel does not know).

    Volumes bind when their first pod is placed: node-local provisioners (k3s, kind) accept nothing else, and in
    clusters of several zones volume and pod then meet in one.
    """
    values: dict[str, Any] = {
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowedTopologies": {"enabled": False},
    }
    storage, provider = cluster.storage, chart_provider(cluster)
    if storage.provisioner is not None:
        values["provisioner"] = storage.provisioner
        if storage.parameters:
            values["parameters"] = {provider: dict(storage.parameters)}
    elif storage.class_name is not None or provider not in PROVISIONERS:
        values["provisioner"] = ClusterFact("provisioner", storage.class_name)
        values["parameters"] = {provider: ClusterFact("parameters", storage.class_name)}
    return values


def vault_values(network: Network, organization: Organization, platform: str, *, first: bool) -> dict[str, Any]:
    """The `global.vault` values (facts E): one login path and one prefix per organization, hence per namespace.

    `platform` chooses the policy that the namespace's first release writes; an unknown one would be empty.
    """
    policy = {"network": platform} if first else {}
    if network.vault is None:
        return {"type": "kubernetes", **policy}
    name = f"{network.name}-{organization.name}"
    return {
        "type": "hashicorp",
        **policy,
        "address": network.vault.address,
        "authPath": name,
        "secretEngine": network.vault.secret_engine,
        "secretPrefix": f"data/{name}",
        "role": "vault-role",
        **({"tls": VAULT_CA} if network.vault.ca is not None else {}),
    }


def global_values(
    network: Network,
    organization: Organization,
    *,
    platform: str,
    account: str,
    proxy: Mapping[str, Any] | None = None,
    first: bool = False,
) -> dict[str, Any]:
    """The `global` tree. `first`: of the namespace's first release, which sets up the way to Vault."""
    cluster = network.cluster(organization.cluster)
    cluster_values: dict[str, Any] = {"provider": chart_provider(cluster), "cloudNativeServices": False}
    if first and network.vault is not None:
        url = network.vault.kubernetes_urls.get(cluster.name)
        cluster_values["kubernetesUrl"] = url if url is not None else ClusterFact("server")
    placed = placement(network)
    return {
        **({"placement": placed} if placed else {}),
        **({"pullSecret": network.registry.pull_secret} if first and network.registry is not None else {}),
        "serviceAccountName": account,
        "cluster": cluster_values,
        "vault": vault_values(network, organization, platform, first=first),
        **({"proxy": dict(proxy)} if proxy is not None else {}),
    }


def placement(network: Network) -> dict[str, Any]:
    """Where pods may run, as the patch `POD_PLACEMENT` reads it; empty where the preset says nothing."""
    wanted = network.placement
    return {
        **({"nodeSelector": dict(wanted.node_selector)} if wanted.node_selector else {}),
        **(
            {"tolerations": [t.model_dump(exclude_none=True) for t in wanted.tolerations]} if wanted.tolerations else {}
        ),
    }


def patches(network: Network) -> tuple[str, ...]:
    """The patches that all of a network's private chart copies get."""
    return (POD_PLACEMENT,) if placement(network) else ()


def image_values(network: Network) -> dict[str, Any]:
    """``{"pullSecret": ...}`` where the preset has a registry, else empty."""
    return {} if network.registry is None else {"pullSecret": network.registry.pull_secret}


def with_images(network: Network, values: dict[str, Any], *sub_charts: str) -> dict[str, Any]:
    """Add the pull secret to a chart's values and to those of its sub-charts (which do not inherit it)."""
    images = image_values(network)
    if images:
        for tree in (values, *(values.setdefault(name, {}) for name in sub_charts)):
            tree["image"] = {**tree.get("image", {}), **images}
    return values


# ---------------------------------------------------------------- releases


def expects(manifests: Sequence[Manifest]) -> tuple[Expected, ...]:
    """What the chart renders, from its sketch: the one source for plans and stand-ins."""
    found = []
    for manifest in manifests:
        metadata = manifest["metadata"]
        namespace = None if manifest["kind"] in CLUSTER_SCOPED else metadata["namespace"]
        ref = ObjectRef(manifest["apiVersion"], manifest["kind"], metadata["name"], namespace)
        found.append(Expected(ref, metadata.get("annotations", {}).get("helm.sh/hook")))
    return tuple(found)


def estimate(manifests: Sequence[Manifest], behaviour: ChartBehaviour) -> float:
    """Nominal seconds of an install at speed 1: hooks and Jobs one after the other, then the slowest workload."""

    def seconds(manifest: Manifest, name: str) -> float:
        for entry in behaviour.pods:
            if (
                entry.kind == manifest["kind"]
                and re.fullmatch(entry.workload, manifest["metadata"]["name"])
                and re.fullmatch(entry.container, name)
            ):
                return entry.seconds
        return 0.0

    serial, slowest = 0.0, 0.0
    for manifest in manifests:
        hook = manifest["metadata"].get("annotations", {}).get("helm.sh/hook")
        if hook == "pre-delete" or manifest["kind"] not in ("Job", "StatefulSet", "Deployment"):
            continue
        pod = manifest["spec"]["template"]["spec"]
        total = sum(seconds(manifest, c["name"]) for c in pod.get("initContainers", ()))
        total += max(seconds(manifest, c["name"]) for c in pod["containers"])
        if manifest["kind"] == "Job":
            serial += total
        else:
            slowest = max(slowest, total)
    return round(serial + slowest, 2)


def finish(step: ReleaseStep, manifests: Sequence[Manifest], behaviour: ChartBehaviour) -> ReleaseStep:
    """Complete a release step with what follows from its chart and values: `expects`, `estimate`, common patches."""
    account = (ACCOUNT_PULL_SECRET,) if step.values.get("global", {}).get("pullSecret") else ()
    return replace(
        step,
        expects=expects(manifests),
        estimate=estimate(manifests, behaviour),
        patches=(*step.patches, *(patch for patch in account if patch not in step.patches)),
    )
