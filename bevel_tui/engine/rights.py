"""Which rights a run needs: what will be written, by us and by Helm, and what is watched meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bevel_tui.engine import inside
from bevel_tui.engine.connect import unusable
from bevel_tui.engine.context import RunContext
from bevel_tui.engine.decide import Decision
from bevel_tui.engine.inside import place_in
from bevel_tui.engine.labels import HOME
from bevel_tui.kube.client import ApiError
from bevel_tui.kube.kinds import known
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.events import Notice
from bevel_tui.records.steps import (
    AddressStep,
    DnsStep,
    HandoffStep,
    KeysStep,
    NamespaceStep,
    ObjectRef,
    ReleaseStep,
    SecretStep,
    Step,
)
from bevel_tui.survey.access import Need, missing, roles, sentences

_WRITE = ("get", "create", "patch", "delete")
_WATCH = ("get", "list", "watch")
_WATCHED = ("Pod", "Event", "Job", "StatefulSet", "PersistentVolumeClaim", "Secret", "ConfigMap")
_VERSION = {"Job": "batch/v1", "StatefulSet": "apps/v1"}


def needs(steps: Iterable[Step], decisions: Mapping[str, Decision]) -> dict[str, set[Need]]:
    """The rights that the steps which change something need, by cluster."""
    found: dict[str, set[Need]] = {}
    steps = tuple(steps)
    for step in steps:
        decision = decisions.get(step.id)
        if decision is None or not decision.changes:
            continue
        cluster = step.target_cluster if isinstance(step, HandoffStep) else step.cluster
        found.setdefault(cluster, set()).update(_of(step))
    for gateway in steps:
        if not isinstance(gateway, AddressStep) or not gateway.managed or gateway.cluster not in found:
            continue
        # its address is awaited, and external-dns told of the domain, where the Service is somebody else's too
        wanted = [
            *_verbs(gateway.service, _WATCH),
            *_verbs(ObjectRef("v1", "Event", "", gateway.service.namespace), _WATCH[1:]),
        ]
        found[gateway.cluster].update(wanted)
        names = [s for s in steps if isinstance(s, DnsStep) and s.address_step == gateway.id]
        if any(s.update is None and s.id in decisions and decisions[s.id].changes for s in names):
            found[gateway.cluster].update(_verbs(gateway.service, ("update",)))
    for cluster, rights in found.items():
        found[cluster] = (
            rights
            | {Need(HOME, "", "configmaps", verb) for verb in ("get", "list", "create", "update")}
            | {Need(HOME, "coordination.k8s.io", "leases", verb) for verb in ("get", "create", "update", "delete")}
        )
    return found


def _of(step: Step) -> Iterator[Need]:
    if isinstance(step, NamespaceStep):
        yield from (Need(None, "", "namespaces", verb) for verb in ("get", "create"))
    elif isinstance(step, SecretStep):
        yield from (Need(step.namespace, "", "secrets", verb) for verb in ("get", "create", "update"))
    elif isinstance(step, KeysStep):
        yield from (Need(step.namespace, "", "secrets", verb) for verb in ("get", "create"))
    elif isinstance(step, HandoffStep) and step.target_object is not None:
        yield from _verbs(step.target_object, ("get", "create", "update"))
    elif isinstance(step, ReleaseStep):
        for item in step.expects:
            yield from _verbs(item.ref, _WRITE)
        # Helm keeps its records in Secrets; the engine watches.
        yield from (Need(step.namespace, "", "secrets", verb) for verb in ("list", "update", *_WRITE))
        for kind in _WATCHED:
            yield from _verbs(ObjectRef(_VERSION.get(kind, "v1"), kind, "", step.namespace), _WATCH)
        yield Need(step.namespace, "", "pods/log", "get")


def _verbs(ref: ObjectRef, verbs: Iterable[str]) -> Iterator[Need]:
    resource = known(ref.api_version, ref.kind)
    # A kind that we do not know is a plural in lower case in nearly every API; the review of a wrong one is denied
    # only where nearly everything is.
    plural = resource.plural if resource is not None else f"{ref.kind.lower()}s"
    group = ref.api_version.rpartition("/")[0]
    namespace = ref.namespace if resource is None or resource.namespaced else None
    yield from (Need(namespace, group, plural, verb) for verb in verbs)


async def review(ctx: RunContext, decisions: Mapping[str, Decision]) -> None:
    """Ask every cluster. Raises BevelError(ACCESS_DENIED) listing everything that is missing.

    That no pod may look from inside at the end is only told: the network stands without.
    """
    lines: list[str] = []
    changing = needs(ctx.plan.steps, decisions)
    for cluster, wanted in changing.items():
        client = ctx.clusters[cluster].client
        try:
            denied = await missing(client, wanted)
        except ApiError as error:
            raise unusable(client, error) from None
        if denied:
            lines += [f"cluster {cluster}: {line}" for line in sentences(denied)]
            lines += roles(denied, f"bevel-tui-{ctx.plan.network_name}").splitlines()
    if lines:
        raise BevelError(
            Code.ACCESS_DENIED,
            "Rights that this deployment needs are missing; nothing was changed.",
            details=tuple(lines),
            remedy="Ask the cluster's owner to apply the roles shown and to bind them to your user.",
        )
    if changing:
        await _looks(ctx)


async def _looks(ctx: RunContext) -> None:
    """Tell where no pod will look from inside."""
    if not ctx.network.probe.pods or ctx.options.vantage == "here":
        return
    for step in ctx.closing:
        place, client = place_in(ctx.network, step.cluster), ctx.access(step).client
        if place is None:
            continue
        try:
            denied = await missing(client, inside.needs(place.namespace))
        except ApiError as error:
            raise unusable(client, error) from None
        if denied:
            text = (
                f"From inside cluster {step.cluster} nothing will be checked at the end, because your user may not start a "
                f"pod there ({'; '.join(sentences(denied))})."
            )
            ctx.emit(Notice(cluster=step.cluster, text=text))
