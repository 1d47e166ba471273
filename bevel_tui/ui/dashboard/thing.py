"""One object: its YAML, its events, and the logs of its containers, followed or of the run before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar, NamedTuple

import yaml
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Log, TabbedContent, TabPane, TextArea

from bevel_tui.records.errors import BevelError
from bevel_tui.records.snapshot import Object, Snapshot
from bevel_tui.ui.dashboard.acting import Retry, offer
from bevel_tui.ui.dashboard.screen import SourceScreen
from bevel_tui.ui.dashboard.source import Source
from bevel_tui.ui.help import helped
from bevel_tui.views.words import clean

#: kinds that can be shown whole
OBJECTS = frozenset(
    {
        "Pod", "Job", "StatefulSet", "Deployment", "DaemonSet", "ReplicaSet", "Service", "PersistentVolumeClaim",
        "ConfigMap", "Secret", "ServiceAccount", "Ingress", "Mapping", "TCPMapping", "Host", "Listener", "Node",
        "Namespace", "StorageClass", "ResourceQuota", "IngressClass", "EndpointSlice", "CustomResourceDefinition",
        "Lease",
    }
)  # fmt: skip
#: lines kept of logs
LINES = 5_000


class Subject(NamedTuple):
    """What an object screen is about, and what actions are about."""

    cluster: str
    kind: str
    namespace: str | None
    name: str


class ObjectScreen(SourceScreen):
    """Tabs for YAML, events and, where there are containers, logs."""

    heading = "Object"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "act", "Act", id="dashboard.act", tooltip="What can be done; asked before it happens"),
        Binding("y", "tab('yaml')", "YAML", id="dashboard.yaml"),
        Binding("e", "tab('events')", "Events", id="dashboard.events"),
        Binding("l", "tab('logs')", "Logs", id="dashboard.logs"),
        Binding(
            "p", "previous", "Previous run", id="dashboard.previous", tooltip="Logs of the run before the last restart"
        ),
    ]

    def __init__(
        self,
        source: Source,
        cluster: str,
        kind: str,
        namespace: str | None,
        name: str,
        *,
        retry: Retry | None = None,
    ) -> None:
        super().__init__(source, retry=retry)
        self.subject = Subject(cluster, kind, namespace, name)
        self.previous = False
        self._events = ""
        self._followed: tuple[tuple[str, str], ...] = ()

    def body(self) -> ComposeResult:
        with TabbedContent(id="tabs"):
            with TabPane("YAML", id="yaml"):
                yield helped(
                    TextArea("reading...", read_only=True, show_line_numbers=False, id="yaml-text"),
                    "The object as the cluster has it now. Values of Secrets are not shown.",
                )
            with TabPane("Events", id="events"):
                yield helped(
                    TextArea("", read_only=True, show_line_numbers=False, id="events-text"),
                    "What the cluster said of it and of its pods; clusters keep events for an hour.",
                )
            with TabPane("Logs", id="logs"):
                yield helped(
                    Log(max_lines=LINES, id="log"),
                    "All containers of its pods together, followed. p shows the run before the last restart.",
                )

    def on_mount(self) -> None:
        super().on_mount()
        subject = self.subject
        self.header.crumbs = tuple(part for part in (subject.cluster, subject.namespace) if part)
        self.sub_title = f"{subject.kind} {subject.name}"
        self.query_one(TabbedContent).border_title = clean(f"{subject.kind} {subject.name}")
        self.run_worker(self._read(), name="object", group="object")
        self.query_one("#yaml-text").focus()

    # ------------------------------------------------------------ YAML and events

    async def _read(self) -> None:
        if self.source.watch is None:
            return
        try:
            found = await self.source.watch.object(*self.subject)
        except BevelError as error:
            text = error.message
        else:
            text = shown(found) if found is not None else "It is not there."
        self.query_one("#yaml-text", TextArea).load_text(text)

    def draw(self, snapshot: Snapshot) -> None:
        lines = events(snapshot, self.subject)
        if lines != self._events:
            self._events = lines
            self.query_one("#events-text", TextArea).load_text(lines or "No events.")
        wanted = containers(snapshot, self.subject)
        tabs = self.query_one(TabbedContent)
        (tabs.show_tab if wanted else tabs.hide_tab)("logs")
        if wanted != self._followed:
            self._followed = wanted
            self._logs()

    # ------------------------------------------------------------ logs

    def _logs(self) -> None:
        log = self.query_one("#log", Log)
        log.clear()
        self.workers.cancel_group(self, "logs")
        several = len(self._followed) > 1
        for pod, container in self._followed:
            mark = f"[{pod.rsplit('-', 1)[-1]}/{container}] " if several else ""
            self.run_worker(self._follow(log, pod, container, mark), name=f"log {pod}/{container}", group="logs")

    async def _follow(self, log: Log, pod: str, container: str, mark: str) -> None:
        watch, namespace = self.source.watch, self.subject.namespace or ""
        if watch is None:
            return
        cluster = self.subject.cluster
        try:
            if self.previous:
                for line in await watch.logs(cluster, namespace, pod, container, previous=True, tail=1000):
                    log.write_line(clean(f"{mark}{line}"))
                return
            async for line in _gently(watch.follow(cluster, namespace, pod, container, tail=200)):
                log.write_line(clean(f"{mark}{line}"))
        except BevelError as error:
            log.write_line(clean(f"{mark}({error.message})"))

    def action_previous(self) -> None:
        """Between the run before the last restart and the present one."""
        self.previous = not self.previous
        self.notify("Logs of the run before the last restart." if self.previous else "Logs of the present run.")
        self.query_one(TabbedContent).active = "logs"
        self._logs()

    # ------------------------------------------------------------ keys

    def action_tab(self, name: str) -> None:
        """Show a tab and go into it."""
        tabs = self.query_one(TabbedContent)
        if name == "logs" and not self._followed:
            self.notify("It has no containers.")
            return
        tabs.active = name
        self.set_focus(self.query_one({"yaml": "#yaml-text", "events": "#events-text", "logs": "#log"}[name]))

    def action_act(self) -> None:
        """Choose among what can be done."""
        if self.source.snapshot is not None:
            offer(self, self.source, self.source.actions(self.subject), self.retry)

    def where(self) -> tuple[str, str | None] | None:
        return self.subject.cluster, self.subject.namespace


async def _gently(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """Lines, with a turn for the keyboard between bursts: a container may write thousands at once."""
    count = 0
    async for line in lines:
        yield line
        count += 1
        if count % 50 == 0:
            await asyncio.sleep(0.01)


def shown(obj: dict[str, Any]) -> str:
    """An object as YAML, without the bookkeeping of field managers; control characters are escaped."""
    obj.get("metadata", {}).pop("managedFields", None)
    return yaml.dump(obj, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False, width=110)


def _meta(obj: Object) -> tuple[str, str]:
    meta = obj.get("metadata") or {}
    return str(meta.get("namespace") or ""), str(meta.get("name"))


def pods(snapshot: Snapshot, subject: Subject) -> list[Object]:
    """The pod itself, or the pods that a workload owns, directly or by a ReplicaSet."""
    cluster = snapshot.cluster(subject.cluster)
    if cluster is None:
        return []
    here = [pod for pod in cluster.of("Pod") if _meta(pod)[0] == (subject.namespace or "")]
    if subject.kind == "Pod":
        return [pod for pod in here if _meta(pod)[1] == subject.name]
    owners = {(subject.kind, subject.name)}
    for middle in cluster.of("ReplicaSet"):
        if _meta(middle)[0] == (subject.namespace or "") and _owners(middle) & owners:
            owners.add(("ReplicaSet", _meta(middle)[1]))
    return [pod for pod in here if _owners(pod) & owners]


def _owners(obj: Object) -> set[tuple[str, str]]:
    found = (obj.get("metadata") or {}).get("ownerReferences") or ()
    return {(str(owner.get("kind")), str(owner.get("name"))) for owner in found}


def containers(snapshot: Snapshot, subject: Subject) -> tuple[tuple[str, str], ...]:
    """(pod, container) of everything whose log is the subject's; init containers first."""
    found = []
    for pod in pods(snapshot, subject):
        spec = pod.get("spec") or {}
        for one in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
            found.append((_meta(pod)[1], str(one.get("name"))))
    return tuple(found)


def events(snapshot: Snapshot, subject: Subject) -> str:
    """Events of the subject and its pods, the newest first, a line each."""
    cluster = snapshot.cluster(subject.cluster)
    if cluster is None:
        return ""
    names = {(subject.kind, subject.name), *(("Pod", _meta(pod)[1]) for pod in pods(snapshot, subject))}
    found = []
    for event in cluster.of("Event"):
        about = event.get("involvedObject") or {}
        if (str(about.get("kind")), str(about.get("name"))) not in names:
            continue
        if subject.namespace and about.get("namespace") not in (subject.namespace, None):
            continue
        when = str(event.get("lastTimestamp") or event.get("eventTime") or "")
        times = f" ({event.get('count')} x)" if int(event.get("count") or 1) > 1 else ""
        found.append((when, f"{when:<20}  {event.get('type')}  {event.get('reason')}{times}: {event.get('message')}"))
    return "\n".join(clean(line) for _, line in sorted(found, reverse=True))
