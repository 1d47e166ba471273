"""One cluster, kept current: connected (again and again, if need be), watched kind by kind, and given as a snapshot.

A cluster that does not answer is a state of the snapshot, not an error: the others are looked at meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from bevel_tui.engine.labels import HOME, NETWORK
from bevel_tui.engine.snapshots import details
from bevel_tui.engine.snapshots.access import ask, patience, refused, unusable
from bevel_tui.engine.snapshots.kinds import KINDS, Watched
from bevel_tui.engine.snapshots.reduce import forget, reduce
from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.records.errors import BevelError
from bevel_tui.records.snapshot import Access, CertificateFacts, ClusterSnapshot, Object, VaultHealth

#: seconds between two attempts at a cluster that does not answer: first, longest
_FIRST, _LONGEST = 2.0, 30.0
#: seconds that a cluster has to accept a connection and to answer once
_PATIENCE = 12.0
#: seconds after which a cluster's API is timed again
_SURVEY = 10.0
_SYSTEM = "kube-system"
#: programs that serve every namespace, wherever they run
_FOR_ALL = frozenset({"external-dns", "emissary-ingress", "edge-stack"})
Connect = Callable[[str, str | None], Awaitable[KubeClient]]


class Feed:
    """One cluster. `changed` is called whenever its snapshot would differ; `inventory` when its inventories do.

    `namespaces` are those to keep objects of, None: all (nobody told us of a network there).
    """

    def __init__(
        self,
        context: str,
        kubeconfig: str | None,
        connect: Connect,
        *,
        changed: Callable[[], None],
        inventory: Callable[[dict[str, str]], None],
    ) -> None:
        self.context = context
        self.name = context
        self.kubeconfig = kubeconfig
        self.namespaces: frozenset[str] | None = None
        self.client: KubeClient | None = None
        self.access = Access("connecting", "not connected yet")
        self.simulated = False
        #: why no network is known of it, while none is
        self.silent = "no network"
        self.external_dns = False
        #: everything that exists was read once, or it is known that it cannot be
        self.settled = asyncio.Event()
        self._connect = connect
        self._changed = changed
        self._inventory = inventory
        self._objects: dict[str, dict[tuple[str, str], Object]] = {}
        self._tuples: dict[str, tuple[Object, ...]] = {}
        #: where a kind may not be read (None: in the cluster as a whole), and in whose words
        self._refused: dict[Watched, tuple[str | None, str]] = {}
        self._logs = details.Logs()
        self._words: dict[str, str] = {}
        self._certificates: dict[str, tuple[CertificateFacts, ...]] = {}
        self._vaults: dict[str, VaultHealth] = {}
        self._snapshot: ClusterSnapshot | None = None
        self._broken = asyncio.Event()
        self._refilter = asyncio.Event()
        self._details = asyncio.Event()
        self._closer = asyncio.Event()
        #: set, and replaced by another one, when a definition has changed
        self._defined = asyncio.Event()

    # ------------------------------------------------------------ what it gives

    def snapshot(self, *, aged: float) -> ClusterSnapshot:
        """The cluster as it is known now; the same object as before when nothing changed and it is younger than
        `aged` seconds."""
        now = time.time() + (self.access.skew if self.access.skew and abs(self.access.skew) > 2 else 0.0)
        known = self._snapshot
        if known is not None and known.cluster == self.name and abs(now - known.now) < aged:
            return known
        for kind, found in self._objects.items():
            if kind not in self._tuples:
                self._tuples[kind] = tuple(found.values())
        self._snapshot = ClusterSnapshot(
            self.name,
            now,
            dict(self._tuples),
            dict(self._logs.lines),
            self.context,
            self.access,
            {watched.kind: words for watched, (_, words) in self._refused.items()},
            details.releases(self._tuples.get("Secret", ()), self._words, NETWORK),
            tuple(fact for facts in self._certificates.values() for fact in facts),
            tuple(self._vaults.values()),
            self.simulated,
            self.external_dns,
            tuple(sorted(self.namespaces or ())),
        )
        return self._snapshot

    def keep(self, namespaces: frozenset[str] | None) -> None:
        """From now on objects of these namespaces count; what was forgotten is read again."""
        if namespaces == self.namespaces:
            return
        before, self.namespaces = self.namespaces, namespaces
        if self.client is None:
            return
        if namespaces is None or before is None or not namespaces <= before:
            self._refilter.set()
        self._touch()

    async def looked_closer(self, within: float) -> None:
        """Wait until logs and other details of what is known now were read, at most `within` seconds."""
        if self.client is not None:
            await patience(within, self._closer)

    def _touch(self) -> None:
        self._snapshot = None
        self._changed()

    # ------------------------------------------------------------ life

    async def run(self) -> None:
        """Connect, watch, connect again when the cluster went away; for ever."""
        wait = _FIRST
        while True:
            try:
                async with asyncio.timeout(_PATIENCE):
                    self.client = await self._connect(self.context, self.kubeconfig)
                    self.access = await ask(self.client)
                wait = _FIRST
                await self._watched(self.client)
            except BevelError as error:
                self.access = unusable(error)
            except ApiError as error:
                self.access = refused(error, self.client.server if self.client else "")
            except TimeoutError:
                self.access = Access("unreachable", f"no answer in {_PATIENCE:.0f} s")
            finally:
                if self.client is not None:
                    client, self.client = self.client, None
                    await client.close()
            self.settled.set()
            self._touch()
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST)

    async def _watched(self, client: KubeClient) -> None:
        """Until the connection breaks. Raises ApiError."""
        await self._inventories(client)
        while True:
            self._broken.clear()
            self._refilter.clear()
            self._refused.clear()
            tasks = [asyncio.create_task(self._kinds(client)), asyncio.create_task(self._look_closer(client))]
            tasks.append(asyncio.create_task(self._survey(client)))
            waits = [asyncio.create_task(self._broken.wait()), asyncio.create_task(self._refilter.wait())]
            try:
                await asyncio.wait([*tasks, *waits], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (*tasks, *waits):
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
            for error in ended:
                if isinstance(error, Exception):
                    raise error
            if self._broken.is_set():
                raise ApiError(0, "Unreachable", f"{client.server} does not answer any more")

    async def _inventories(self, client: KubeClient) -> None:
        """Networks that have an inventory here. Not being allowed to look is no obstacle."""
        try:
            found = await client.list("v1", "ConfigMap", HOME, labels=NETWORK)
        except ApiError as error:
            if error.status not in {403, 404}:
                raise
            found = []
            if error.status == 403:
                self.silent = f"whether it has a network may not be read (ConfigMaps in namespace {HOME})"
        self._inventory(
            {
                str(obj["metadata"]["labels"][NETWORK]): str(obj["data"]["network.yaml"])
                for obj in found
                if "network.yaml" in (obj.get("data") or {})
            }
        )
        from bevel_tui.engine.connect import simulation_of

        simulation = await simulation_of(client)
        self.simulated = simulation is not None
        self.external_dns = simulation is not None and simulation.external_dns

    async def _kinds(self, client: KubeClient) -> None:
        synced = {watched.kind: asyncio.Event() for watched in KINDS}
        async with asyncio.TaskGroup() as group:
            for watched in KINDS:
                group.create_task(self._follow(client, watched, synced[watched.kind]))
            await asyncio.gather(*(event.wait() for event in synced.values()))
            self.settled.set()
            self._touch()

    async def _follow(self, client: KubeClient, watched: Watched, synced: asyncio.Event) -> None:
        """One kind, in all namespaces, or where that is not allowed in each that counts."""
        try:
            await self._stream(client, watched, watched.place, synced)
        except ApiError as error:
            if error.status == 0:
                self._broken.set()
            elif error.status == 403 and watched.namespaced and not watched.place and self.namespaces:
                await self._each(client, watched, synced)
            elif error.status == 404:
                await self._until_defined(watched, synced)
            elif error.status == 401:
                self.access = refused(error, client.server)
                self._broken.set()
            else:
                self._refused[watched] = (watched.place, error.message)
                self._objects.pop(watched.kind, None)
                self._tuples.pop(watched.kind, None)
        finally:
            synced.set()
            self._touch()

    async def _each(self, client: KubeClient, watched: Watched, synced: asyncio.Event) -> None:
        """In every namespace that counts; what may be read in some of them is kept, and said to be incomplete."""
        places = sorted(self.namespaces or ())
        events = [asyncio.Event() for _ in places]
        refusals: dict[str, str] = {}

        async def one(place: str, event: asyncio.Event) -> None:
            try:
                await self._stream(client, watched, place, event)
            except ApiError as error:
                if error.status == 0:
                    self._broken.set()
                elif error.status != 404:
                    refusals[place] = error.message
            finally:
                event.set()

        async with asyncio.TaskGroup() as group:
            for place, event in zip(places, events, strict=True):
                group.create_task(one(place, event))
            await asyncio.gather(*(event.wait() for event in events))
            if refusals:
                self._refused[watched] = next(iter(refusals.items()))
            if len(refusals) == len(places):
                self._objects.pop(watched.kind, None)
                self._tuples.pop(watched.kind, None)
            synced.set()
            self._touch()

    async def _until_defined(self, watched: Watched, synced: asyncio.Event) -> None:
        """The kind is not served: wait until its definition is there, then begin all over."""
        self._objects.pop(watched.kind, None)
        self._tuples.pop(watched.kind, None)
        synced.set()
        group = watched.api_version.partition("/")[0]
        while True:
            for definition in self._objects.get("CustomResourceDefinition", {}).values():
                spec = definition.get("spec") or {}
                established = any(
                    c.get("type") == "Established" and c.get("status") == "True"
                    for c in (definition.get("status") or {}).get("conditions") or ()
                )
                if spec.get("group") == group and (spec.get("names") or {}).get("kind") == watched.kind and established:
                    self._refilter.set()
                    return
            await self._defined.wait()

    async def _stream(self, client: KubeClient, watched: Watched, place: str | None, synced: asyncio.Event) -> None:
        found = self._objects.setdefault(watched.kind, {})
        fresh: set[tuple[str, str]] = set()
        stream = client.watch(watched.api_version, watched.kind, place, metadata_only=watched.metadata_only)
        async for change, obj in stream:
            if change == "SYNCED":
                for key in [key for key in found if key not in fresh and place in {None, key[0]}]:
                    del found[key]  # gone while nobody watched
                self._tuples.pop(watched.kind, None)
                synced.set()
                self._touch()
                continue
            obj["kind"] = watched.kind
            meta = obj["metadata"]
            key = (str(meta.get("namespace") or ""), str(meta["name"]))
            fresh.add(key)
            if watched.kind == "ConfigMap" and key[0] == HOME and synced.is_set():
                await self._inventories(client)
            if change == "DELETED":
                found.pop(key, None)
            elif self._counts(watched.kind, key[0], obj):
                found[key] = reduce(obj)
            else:
                forget(obj)
                continue
            if synced.is_set():
                self._tuples.pop(watched.kind, None)
                if watched.kind in {"Pod", "Secret", "Ingress", "Host"}:
                    self._details.set()
                elif watched.kind == "CustomResourceDefinition":
                    before, self._defined = self._defined, asyncio.Event()
                    before.set()
                self._touch()

    def _counts(self, kind: str, place: str, obj: Object) -> bool:
        if not place or self.namespaces is None or place in self.namespaces or kind == "Lease":
            return True
        if place == _SYSTEM:  # the cluster's name service, and what else everything hangs on
            return kind in {"Deployment", "DaemonSet", "Service", "EndpointSlice"}
        if kind in {"Deployment", "StatefulSet"}:  # who makes DNS records, or serves routes, for everybody
            meta = obj["metadata"]
            named = (meta.get("labels") or {}).get("app.kubernetes.io/name")
            return bool({meta["name"], named} & _FOR_ALL)
        # what serves admission webhooks and conversions lives anywhere
        return kind in {"EndpointSlice", "Service"}

    # ------------------------------------------------------------ details

    async def _survey(self, client: KubeClient) -> None:
        while True:
            await asyncio.sleep(_SURVEY)
            self.access = await ask(client)
            if await self._regained(client):
                self._refilter.set()

    async def _regained(self, client: KubeClient) -> bool:
        """Whether a kind that could not be read can be now: rights are given while somebody looks."""
        for watched, (place, _) in tuple(self._refused.items()):
            with contextlib.suppress(ApiError):
                await client.list(watched.api_version, watched.kind, place, fields="metadata.name=nothing")
                return True
        return False

    async def _look_closer(self, client: KubeClient) -> None:
        """Logs, Helm's words, certificates, Vault: read whenever something new asks for it."""
        await self.settled.wait()
        due = 0.0
        while True:
            self._details.clear()
            snapshot = self.snapshot(aged=60.0)
            pods = snapshot.of("Pod")
            news = await self._logs.read(client, self._logs.wanted(pods))
            news |= await self._helm(client, snapshot)
            news |= await self._routes(client, snapshot)
            if time.monotonic() >= due:
                due = time.monotonic() + _SURVEY
                news |= await self._vault(details.vault_addresses(pods))
            if news:
                self._touch()
            self._closer.set()
            await asyncio.sleep(0.2)
            await patience(_SURVEY, self._details)

    async def _helm(self, client: KubeClient, snapshot: ClusterSnapshot) -> bool:
        news = False
        for release in snapshot.releases:
            secret = f"sh.helm.release.v1.{release.name}.v{release.revision}"
            key = f"{release.namespace}/{secret}"
            if release.status in {"deployed", "superseded"} or key in self._words:
                continue
            if release.status == "failed":
                self._words[key] = await details.helms_words(client, release.namespace, secret)
                news = True
        return news

    async def _routes(self, client: KubeClient, snapshot: ClusterSnapshot) -> bool:
        wanted = details.served(snapshot)
        news = False
        for key in [key for key in self._certificates if key not in wanted]:
            del self._certificates[key]
            news = True
        for key, (place, secret) in wanted.items():
            if key not in self._certificates:
                self._certificates[key] = await details.certificates(client, place, secret)
                news = True
        return news

    async def _vault(self, addresses: dict[str, set[str]]) -> bool:
        if self.simulated:
            return False  # nothing listens at a simulated Vault's address; its pods say what they met
        health = await asyncio.gather(*(details.vault_health(address, where) for address, where in addresses.items()))
        before, self._vaults = self._vaults, {one.address: one for one in health}
        return before != self._vaults
