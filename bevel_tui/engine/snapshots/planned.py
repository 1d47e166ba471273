"""What diagnosis has to know of a network's plan: which release makes which object, and where endpoints lead."""

from __future__ import annotations

from bevel_tui.network.model import Network
from bevel_tui.plan.build import build
from bevel_tui.records.errors import BevelError
from bevel_tui.records.snapshot import NetworkFacts, PlannedEndpoint, PlannedStep, object_key
from bevel_tui.records.steps import (
    AddressStep,
    CheckStep,
    HandoffStep,
    KeysStep,
    NamespaceStep,
    ObjectRef,
    ReleaseStep,
    SecretStep,
    Step,
)


def facts(network: Network, document: str) -> NetworkFacts:
    """A Network as snapshots carry it; `document` is its YAML. A Network that has no plan any more is named only."""
    contexts = {cluster.name: cluster.context for cluster in network.clusters}
    domains = {cluster.name: cluster.domain for cluster in network.clusters if cluster.domain}
    named = {org.name: org.cluster for org in network.organizations}
    try:
        plan = build(network)
    except BevelError:
        return NetworkFacts(network.name, network.platform.type, document, contexts, named, {}, domains)
    gateways = {step.cluster: step.service for step in plan.steps if isinstance(step, AddressStep)}
    namespaces: dict[str, set[str]] = {}
    for step in plan.steps:
        if step.namespace:
            namespaces.setdefault(step.cluster, set()).add(step.namespace)
    for cluster, service in gateways.items():
        if service.namespace:
            namespaces.setdefault(cluster, set()).add(service.namespace)
    endpoints = tuple(
        PlannedEndpoint(
            endpoint.id,
            endpoint.cluster,
            endpoint.organization,
            endpoint.release,
            endpoint.host,
            endpoint.port,
            endpoint.service,
            _name(gateways.get(endpoint.cluster)),
        )
        for step in plan.steps
        if isinstance(step, CheckStep)
        for endpoint in step.endpoints
    )
    steps = tuple(step for step in map(_step, plan.steps) if step is not None)
    return NetworkFacts(
        network.name,
        network.platform.type,
        document,
        contexts,
        named,
        {cluster: tuple(sorted(found)) for cluster, found in namespaces.items()},
        domains,
        steps,
        endpoints,
    )


def _name(service: ObjectRef | None) -> str:
    return f"{service.namespace}/{service.name}" if service is not None else ""


def _key(ref: ObjectRef) -> str:
    return object_key(ref.kind, ref.namespace, ref.name)


def _step(step: Step) -> PlannedStep | None:
    renders: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    cluster, release = step.cluster, None
    if isinstance(step, ReleaseStep):
        release = step.release
        renders = tuple(_key(item.ref) for item in step.expects)
        produces = tuple(_key(made.ref) for made in step.produces)
    elif isinstance(step, SecretStep | KeysStep):
        renders = (object_key("Secret", step.namespace, step.name),)
    elif isinstance(step, NamespaceStep):
        renders = (object_key("Namespace", None, str(step.namespace)),)
    elif isinstance(step, HandoffStep) and step.target_object is not None:
        cluster, produces = step.target_cluster, (_key(step.target_object),)
    elif not isinstance(step, HandoffStep):
        return None
    return PlannedStep(
        step.id,
        step.kind,
        cluster,
        step.namespace,
        step.organization,
        release,
        step.needs,
        renders,
        produces,
        step.managed,
    )
