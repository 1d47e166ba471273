"""What has to be done: the plan compared with what is there. Read only; `plan --diff` shows exactly this."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bevel_tui.engine.addresses import gateway_of
from bevel_tui.engine.announcing import lacking
from bevel_tui.engine.charts import Located
from bevel_tui.engine.context import RunContext
from bevel_tui.engine.digest import release_digest
from bevel_tui.engine.labels import is_ours
from bevel_tui.engine.material import extract, recoded
from bevel_tui.engine.observe import Observed, gather_all
from bevel_tui.engine.readiness import addresses, doomed, judge, understood, whole
from bevel_tui.engine.repair import TABLE, Record, Repair, hooks_of, situation
from bevel_tui.plan.sides import acting_in
from bevel_tui.reachability.dynamic import UpdateError
from bevel_tui.records.errors import BevelError
from bevel_tui.records.steps import (
    DnsStep,
    HandoffStep,
    KeysStep,
    NamespaceStep,
    ObjectRef,
    ReleaseStep,
    SecretStep,
)

Action = Literal["none", "create", "update", "install", "upgrade", "adopt", "repair", "refuse"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do for one step. `repair`, `records`, `located` and `digest` are for releases; `ready` says that
    nothing has to be waited for either."""

    action: Action
    cause: str
    ready: bool = True
    repair: Repair | None = None
    records: tuple[Record, ...] = ()
    located: Located | None = None
    digest: str | None = None

    @property
    def changes(self) -> bool:
        """Whether something would be written."""
        return self.action not in {"none", "refuse"}


NOTHING = Decision("none", "it is as planned")


def may_change(decision: Decision) -> bool:
    """Whether a decision changes something, or may once the files handed in are known."""
    return decision.changes or (decision.located is not None and not decision.ready and decision.digest is None)


async def decide(ctx: RunContext, observed: Mapping[str, Observed], only: str | None = None) -> dict[str, Decision]:
    """A decision per managed step that can change something; with `only` that step's anew, the others as they were.
    Raises ApiError, BevelError(CHART_MISSING...)."""
    made: dict[str, Decision] = {} if only is None else {k: v for k, v in ctx.decisions.items() if k != only}
    steps = [
        step
        for step in ctx.plan.steps
        if step.managed and only in (None, step.id) and all(c in ctx.clusters for c in acting_in(step))
    ]
    simple = [step for step in steps if isinstance(step, NamespaceStep | SecretStep | KeysStep)]
    for plain, decision in zip(simple, await gather_all(_simple(ctx, observed, s) for s in simple), strict=True):
        made[plain.id] = decision
    # In plan order: whether a followed file will change depends on what happens to its source.
    releases = [step for step in steps if isinstance(step, ReleaseStep)]
    located = dict(zip((r.id for r in releases), await gather_all(ctx.charts.locate(r) for r in releases), strict=True))
    await gather_all(observed[r.cluster].records(str(r.namespace), r.release) for r in releases)
    first = await gather_all(_release(ctx, observed, r, located[r.id], made) for r in releases)
    for release, decision in zip(releases, first, strict=True):
        made[release.id] = _after_sources(ctx, release, decision, made)
    for step in steps:
        if isinstance(step, HandoffStep) and step.target_object is not None and step.crossing != "export":
            made[step.id] = await _handoff_object(ctx, observed, step, step.target_object, made)
    names = [step for step in steps if isinstance(step, DnsStep) and (step.update or step.mode == "external-dns")]
    for step, named in zip(names, await gather_all(_names(ctx, observed, s, made) for s in names), strict=True):
        made[step.id] = named
    return made


async def _names(
    ctx: RunContext, observed: Mapping[str, Observed], step: DnsStep, made: Mapping[str, Decision]
) -> Decision:
    """Whether a zone, or the annotation of a Service, has to be changed."""
    gateway = gateway_of(ctx.plan, step)
    service = await observed[step.cluster].get(gateway.service)
    where = f"Service {gateway.service.namespace}/{gateway.service.name}"
    if step.update is None:
        upgraded = any(
            made[s.id].changes
            for s in ctx.plan.steps
            if isinstance(s, ReleaseStep) and s.id in made and s.namespace == gateway.service.namespace
        )
        if upgraded or (service is None and not step.annotate):
            return NOTHING  # Helm brings the annotation
        missing = lacking(step, service)
        if not missing:
            return NOTHING
        return Decision("update", f"{where} does not name {', '.join(missing)} for external-dns", ready=False)
    known = addresses(service) if service is not None else ()
    if not known:
        return Decision("create", f"{where} has no address yet; the records follow it", ready=False)
    friends = frozenset(neighbour.network for neighbour in ctx.shared.neighbours.get(step.cluster, ()))
    try:
        foreseen = await ctx.reach.foresee(ctx.clusters[step.cluster], step, known, friends)
    except UpdateError as error:
        if error.passing:
            return Decision("update", f"what stands in the zone is not known: {error.words}", ready=False)
        return Decision("refuse", f"{error.words} [{error.code}]", ready=False)
    if foreseen.outcome in {"unchanged", "found"}:
        return NOTHING
    return Decision("create" if foreseen.outcome == "created" else "update", foreseen.words, ready=False)


async def _simple(
    ctx: RunContext, observed: Mapping[str, Observed], step: NamespaceStep | SecretStep | KeysStep
) -> Decision:
    if isinstance(step, NamespaceStep):
        found = await observed[step.cluster].get(ObjectRef("v1", "Namespace", str(step.namespace)))
        if doomed(found):
            return Decision("create", "it is still being deleted", ready=False)
        return NOTHING if found is not None else Decision("create", "it does not exist", ready=False)
    found = await observed[step.cluster].get(ObjectRef("v1", "Secret", step.name, step.namespace))
    if found is None:
        return Decision("create", "it does not exist", ready=False)
    if isinstance(step, KeysStep):
        return NOTHING
    if (found.get("data") or {}) == ctx.secrets.data(step):
        return NOTHING
    if not is_ours(found):
        return Decision("none", "it exists with another content and is not ours: left as it is")
    return Decision("update", "its content differs from what the preset refers to", ready=False)


async def _release(
    ctx: RunContext, observed: Mapping[str, Observed], step: ReleaseStep, located: Located, made: Mapping[str, Decision]
) -> Decision:
    records = await observed[step.cluster].records(str(step.namespace), step.release)
    digest = None
    if records and records[-1].status == "deployed":
        files = await followed_files(ctx, observed, step)
        digest = release_digest(step, located.digest, files) if files is not None else None
    owner = ctx.shared.owner(step, ctx.plan.network_name)
    if step.once and records and records[-1].status == "deployed" and records[-1].network == owner:
        digest = records[-1].digest  # made for good: whatever the plan says now
    found = situation(records, digest=digest, network=owner, now=time.time())
    ready = False
    if found == "same":
        damage, ready = await objects_of(observed[step.cluster], step)
        if damage:
            found = "damaged"
    repair = TABLE[found, hooks_of(step.expects)]
    action: Action = "none" if repair.word == "unchanged" else repair.word
    cause = repair.cause
    if found == "damaged":
        cause = f"{cause} ({damage})"
    return Decision(action, cause, ready, repair, records, located, digest)


async def followed_files(
    ctx: RunContext, observed: Mapping[str, Observed], step: ReleaseStep
) -> dict[str, bytes] | None:
    """Contents of the followed files of a release as their sources are now; None when a source is missing."""
    files = {}
    for handoff in ctx.handoffs_into(step.id):
        if handoff.policy != "follow" or handoff.target_file is None:
            continue
        source = await _source(ctx, observed, handoff)
        if source is None:
            return None
        try:
            private = ctx.private_keys(handoff.source, handoff.cluster)
            files[handoff.target_file] = extract(handoff, source, private).content
        except BevelError:
            return None
    return files


def _after_sources(ctx: RunContext, step: ReleaseStep, decision: Decision, made: Mapping[str, Decision]) -> Decision:
    """A release that is as planned still has to wait for the sources of its followed files that will change."""
    if decision.action != "none" or step.once:
        return decision
    for handoff in ctx.handoffs_into(step.id):
        source = ctx.producer(handoff.source, handoff.cluster)
        if handoff.policy == "follow" and source is not None and source.id in made and made[source.id].changes:
            return Decision("none", decision.cause, False, decision.repair, decision.records, decision.located, None)
    return decision


async def _source(ctx: RunContext, observed: Mapping[str, Observed], step: HandoffStep) -> dict[str, Any] | None:
    """What a handoff takes from, as it is now: in its cluster, or as somebody else's bundle brought it."""
    if step.crossing == "import":
        return ctx.inbox.received.source(step)
    return await observed[step.cluster].get(step.source) if step.cluster in observed else None


async def objects_of(observed: Observed, step: ReleaseStep) -> tuple[str, bool]:
    """(what is damaged, whether all is ready) of a release that Helm calls deployed."""
    made = all([whole(item, await observed.find(item.ref)) for item in step.produces])
    ready = made
    for item in step.expects:
        if item.hook:
            continue
        found = await observed.find(item.ref)
        if found is None or doomed(found):
            # A finished Job may have been cleaned up; running it again could make a second genesis.
            if item.ref.kind == "Job" and made:
                continue
            return f"{item.ref.kind} {item.ref.name} is {'missing' if found is None else 'being deleted'}", False
        state = judge(item.ref.kind, found)
        if item.ref.kind == "Job" and state.state == "failed":
            return f"Job {item.ref.name} has failed", False
        if understood(item.ref.kind) and state.state != "ready" and item.ref not in step.later:
            ready = False
    for ref in step.awaits:
        if judge(ref.kind, await observed.find(ref)).state != "ready":
            ready = False
    return "", ready


async def _handoff_object(
    ctx: RunContext,
    observed: Mapping[str, Observed],
    step: HandoffStep,
    target: ObjectRef,
    made: Mapping[str, Decision],
) -> Decision:
    if step.target_cluster not in observed:
        return NOTHING
    found = await observed[step.target_cluster].get(target)
    if found is None:
        return Decision("create", "it does not exist there yet", ready=False)
    source_step = ctx.producer(step.source, step.cluster)
    if step.policy == "frozen" or step.log is not None:
        return NOTHING
    if source_step is not None and source_step.id in made and made[source_step.id].changes:
        return Decision("update", "what it is made from will change", ready=False)
    source = await _source(ctx, observed, step)
    if source is None and step.crossing == "import":
        return NOTHING  # what came once is there, and nothing says that it has changed
    if source is None:
        return Decision("update", "its source is not there yet", ready=False)
    material = extract(step, source, ctx.private_keys(step.source, step.cluster))
    same = (found.get("data") or {}) == recoded(material.data, step.source.kind, target.kind)
    return NOTHING if same else Decision("update", "it differs from its source", ready=False)
