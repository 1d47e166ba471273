"""What an export is made of: the releases of a plan with their order, values, gaps and handed-off files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bevel_tui.network.model import Network
from bevel_tui.plan.graph import Plan
from bevel_tui.records.steps import AnyStep, ClusterFact, HandoffStep, KeysStep, ObjectValue, ReleaseStep, SecretValue

#: stands in values for what only a cluster can tell
FILL_IN = "FILL-IN"


@dataclass(frozen=True, slots=True)
class Gap:
    """A value that a file cannot hold. `path` is where it stands in the values, list positions as numbers."""

    path: tuple[str | int, ...]
    value: SecretValue | ClusterFact | ObjectValue

    @property
    def dotted(self) -> str:
        """The path as Helm and Flux write it: ``a.b[0].c``."""
        text = ""
        for part in self.path:
            text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
        return text


@dataclass(frozen=True)
class Work:
    """A plan, seen by what another engine has to do. Only steps of organizations that are managed count."""

    network: Network
    plan: Plan

    @cached_property
    def releases(self) -> tuple[ReleaseStep, ...]:
        """The releases that this side installs, in an order in which they could be."""
        return tuple(step for step in self.plan.steps if isinstance(step, ReleaseStep) and step.managed)

    @cached_property
    def handoffs(self) -> tuple[HandoffStep, ...]:
        """What must be carried from one release to another, as far as an end of it is ours."""
        return tuple(s for s in self.plan.steps if isinstance(s, HandoffStep) and (s.managed or s.crossing))

    @cached_property
    def _steps(self) -> Mapping[str, AnyStep]:
        return {step.id: step for step in self.plan.steps}  # type: ignore[misc]

    def context(self, cluster: str) -> str:
        """The kubeconfig context of a cluster."""
        return self.network.cluster(cluster).context

    def clusters(self) -> list[str]:
        """The clusters that get something, in the order of the network."""
        used = {step.cluster for step in self.releases}
        return [cluster.name for cluster in self.network.clusters if cluster.name in used]

    def before(self, step: ReleaseStep) -> tuple[ReleaseStep, ...]:
        """The releases that must be there first: nearest ones, through steps that are none."""
        found: dict[str, ReleaseStep] = {}
        for other in self._upstream(step):
            if isinstance(other, ReleaseStep) and other.managed:
                found[other.id] = other
        return tuple(release for release in self.releases if release.id in found)

    def waits_for(self, step: ReleaseStep) -> tuple[HandoffStep, ...]:
        """The handoffs between this release and the releases before it."""
        found = {other.id for other in self._upstream(step) if isinstance(other, HandoffStep)}
        found |= {h.id for h in self.handoffs if h.target_step == step.id}
        return tuple(handoff for handoff in self.handoffs if handoff.id in found)

    def keys_for(self, step: ReleaseStep) -> tuple[KeysStep, ...]:
        """The Secrets with keys of a node that must be there before this release."""
        return tuple(other for other in self._upstream(step) if isinstance(other, KeysStep) and other.managed)

    def files_for(self, step: ReleaseStep) -> tuple[HandoffStep, ...]:
        """The handoffs that fill a file of this release's chart."""
        return tuple(handoff for handoff in self.handoffs if handoff.target_step == step.id)

    def wave(self, step: ReleaseStep) -> int:
        """How many releases, one after the other, come before it at least."""
        if step.id not in self._waves:
            self._waves[step.id] = max((self.wave(other) + 1 for other in self.before(step)), default=0)
        return self._waves[step.id]

    @cached_property
    def _waves(self) -> dict[str, int]:
        return {}

    def _upstream(self, step: AnyStep) -> Iterator[AnyStep]:
        """Steps that `step` needs, and those that these need, as far as the next release."""
        seen: set[str] = set()
        waiting = list(step.needs)
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            other = self._steps[name]
            yield other
            if not isinstance(other, ReleaseStep):
                waiting += other.needs


def place(step: ReleaseStep) -> str:
    """The folder of a release: cluster/namespace/release."""
    return f"{step.cluster}/{step.namespace}/{step.release}"


def values(step: ReleaseStep) -> tuple[dict[str, Any], tuple[Gap, ...]]:
    """The values that a file may hold, and what is missing in them.

    Secrets are left out, facts of clusters are `FILL_IN` (parameters: an empty mapping).
    """
    gaps: list[Gap] = []
    plain = _plain(step.values, (), gaps)
    return plain, tuple(gaps)


_NOTHING = object()


def _plain(value: Any, path: tuple[str | int, ...], gaps: list[Gap]) -> Any:
    if isinstance(value, SecretValue | ClusterFact | ObjectValue):
        gaps.append(Gap(path, value))
        if isinstance(value, SecretValue):
            return _NOTHING
        return {} if isinstance(value, ClusterFact) and value.what == "parameters" else FILL_IN
    if isinstance(value, Mapping):
        made = {str(key): _plain(item, (*path, str(key)), gaps) for key, item in value.items()}
        return {key: item for key, item in made.items() if item is not _NOTHING}
    if isinstance(value, list | tuple):
        listed = [_plain(item, (*path, i), gaps) for i, item in enumerate(value)]
        return ["" if item is _NOTHING else item for item in listed]
    return value


def asking(work: Work, step: ReleaseStep, gap: Gap) -> str:
    """The command that tells a person the value of a gap that is no secret."""
    value = gap.value
    if isinstance(value, ClusterFact):
        context = work.context(value.cluster or step.cluster)
        kubectl = f"kubectl --context {context}"
        match value.what:
            case "provisioner" | "parameters":
                if value.storage_class:
                    return f"{kubectl} get storageclass {value.storage_class} -o yaml  # {value.what}"
                return f"{kubectl} get storageclass -o yaml  # {value.what} of the default one"
            case "server":
                return f"{kubectl} config view --minify -o jsonpath='{{.clusters[0].cluster.server}}'"
            case "node-address":
                return f"{kubectl} get nodes -o wide"
            case _:
                return f"{kubectl} get services -A  # EXTERNAL-IP of the gateway"
    if isinstance(value, ObjectValue):
        where = f"kubectl --context {work.context(step.cluster)} -n {value.ref.namespace} get {value.ref.kind.lower()}"
        shown = f" {value.field} of" if value.field else ""
        return f"{where} {value.ref.name} -o yaml  #{shown} {value.key}, as {value.form}"
    return ""
