"""One run at a time per network and cluster: a coordination Lease, taken only when there is something to change.

It lasts 60 s and is renewed every 15 s. A run that died leaves it to expire; if it died on this very machine, its
process is seen to be gone and nobody has to wait.

The times in a Lease are those of its holder's clock, and clocks differ. So a Lease that is fresh by our clock is
respected at once, but one that looks expired is taken only after it was watched for as long as it lasts, on our own
monotonic clock, and not renewed (as client-go's leader election judges). No skew makes two runs work at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from bevel_tui.diagnosis.evidence import seconds
from bevel_tui.engine.inventory import ensure_home
from bevel_tui.engine.labels import HOME, object_name, ours
from bevel_tui.engine.ports import Cluster
from bevel_tui.kube.client import ApiError
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ObjectRef

DURATION = 60
RENEW = 15.0
#: seconds that giving it back may take
RELEASE = 10.0
#: seconds between attempts while the cluster does not answer
AWAY = 2.0
#: seconds between looks at a Lease that seems to be dead
LOOK = 5.0
#: seconds by which no two clocks that both work with a cluster differ (tokens and certificates fail before that)
SKEW = 3600.0


def identity(run: str) -> str:
    """Who holds a Lease: ``user@host:pid:run``."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return f"{user}@{socket.gethostname()}:{os.getpid()}:{run}"


def dead(holder: str) -> bool:
    """Whether a holder is a process of this machine that no longer runs."""
    who, _, rest = holder.partition(":")
    pid = rest.partition(":")[0]
    if not who.endswith(f"@{socket.gethostname()}") or not pid.isdigit() or os.name != "posix":
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _nobodys(spec: Mapping[str, Any]) -> bool:
    """Whether no holder is left to be asked."""
    holder = str(spec.get("holderIdentity") or "")
    return not holder or dead(holder)


def _age(spec: Mapping[str, Any], now: float) -> float:
    """Seconds since the last sign of life, as far as its clock and ours agree; negative: it is ahead of us."""
    return now - (seconds(spec.get("renewTime")) or seconds(spec.get("acquireTime")) or 0.0)


def _duration(spec: Mapping[str, Any]) -> float:
    return float(spec.get("leaseDurationSeconds") or DURATION)


def lease_ref(network: str) -> ObjectRef:
    """The Lease of a network."""
    return ObjectRef("coordination.k8s.io/v1", "Lease", object_name(network), HOME)


async def sweep(client: Cluster, network: str, now: Callable[[], float] = time.time) -> None:
    """Delete the Lease that a dead run left behind, if there is one. Raises ApiError.

    Nobody waits here, so only what is dead whatever the clocks say is deleted.
    """
    found = await client.get(lease_ref(network))
    if found is None:
        return
    spec = found.get("spec") or {}
    if _nobodys(spec) or _age(spec, now()) > SKEW:
        await client.delete(lease_ref(network), uid=found["metadata"].get("uid"))


class Lease:
    """The Lease of a network in one cluster. `acquire`, then `release`; renewal runs in between.

    `lost` is called when somebody else took it, or when the cluster refused to renew it until it expired. A cluster
    that cannot be reached is no loss: nothing can be changed in it meanwhile. `tell` hears why there is a wait.
    """

    def __init__(
        self,
        client: Cluster,
        cluster: str,
        network: str,
        run: str,
        *,
        lost: Callable[[str], None],
        tell: Callable[[str], None] = lambda text: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._tell = tell
        self._client = client
        self._cluster = cluster
        self._network = network
        self._me = identity(run)
        self._lost = lost
        self._now = now
        self._held: dict[str, Any] | None = None
        self._renewing: asyncio.Task[None] | None = None

    @property
    def _ref(self) -> ObjectRef:
        return lease_ref(self._network)

    @property
    def held(self) -> bool:
        """Whether it was taken and, as far as we know, is still ours."""
        return self._held is not None

    async def acquire(self, turn: Callable[[], Awaitable[bool]] | None = None) -> str | None:
        """Take it. Returns who held it before when it was taken over. Raises BevelError(LEASE_HELD) or ApiError.

        `turn` is asked when nothing is left but to take it: it may wait, and says whether it is still wanted.
        """
        await ensure_home(self._client)
        before: str | None = None
        for _ in range(3):
            found = await self._client.get(self._ref)
            before = await self._judge(found) if found is not None else before
            if turn is not None and not await turn():
                return None
            try:
                if found is None:
                    self._held = await self._client.create(self._object())
                else:
                    found["spec"] = self._spec(transitions=int(found["spec"].get("leaseTransitions") or 0) + 1)
                    self._held = await self._client.replace(found)
            except ApiError as error:
                if error.status not in {404, 409}:
                    raise
                continue  # somebody was quicker, or has let go: look again
            self._renewing = asyncio.create_task(self._renew(), name=f"lease {self._cluster}")
            return before
        raise self._refused("someone", None)

    async def ours(self) -> bool:
        """Whether it is still ours, asked this moment. Raises ApiError."""
        found = await self._client.get(self._ref)
        return ((found or {}).get("spec") or {}).get("holderIdentity") == self._me

    async def release(self, within: float = RELEASE) -> None:
        """Give it back: the object is deleted if it is still ours. Raises nothing. A cluster that says nothing for
        `within` seconds does not keep us: there it expires by itself."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
            self._renewing = None
        if self._held is not None:
            held, self._held = self._held, None
            with contextlib.suppress(ApiError, TimeoutError):
                async with asyncio.timeout(within):
                    await self._client.delete(self._ref, uid=held["metadata"].get("uid"))

    async def _judge(self, found: dict[str, Any]) -> str | None:
        """Who held it, if that one is dead. Raises BevelError(LEASE_HELD) if it lives, or ApiError."""
        spec = found.get("spec") or {}
        holder = str(spec.get("holderIdentity") or "")
        if _nobodys(spec):
            return holder or None
        age, lasts = _age(spec, self._now()), _duration(spec)
        if 0 <= age <= lasts:
            raise self._refused(holder, str(spec.get("acquireTime") or ""))
        self._tell(
            f"The Lease of {holder.partition(':')[0]} in cluster {self._cluster} looks dead, but clocks may differ: "
            f"it is watched for {lasts:g} s before it is taken over."
        )
        loop = asyncio.get_running_loop()
        end = loop.time() + lasts
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(min(LOOK, left))
            again = await self._client.get(self._ref)
            if again is None:
                return holder
            if (again.get("spec") or {}) != spec:
                raise self._refused(
                    str(again["spec"].get("holderIdentity") or ""), str(again["spec"].get("acquireTime") or "")
                )
        return holder

    def _refused(self, holder: str, since: str | None) -> BevelError:
        who = holder.partition(":")[0]
        when = f" since {since.partition('.')[0]}Z" if since else ""
        return BevelError(
            Code.LEASE_HELD,
            f"Another run is changing network {self._network} in cluster {self._cluster}: {who} holds the Lease{when}.",
            details=(f"Lease {HOME}/{object_name(self._network)}, holder {holder}",),
        )

    def _spec(self, *, transitions: int = 0) -> dict[str, Any]:
        now = datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "holderIdentity": self._me,
            "leaseDurationSeconds": DURATION,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": transitions,
        }

    def _object(self) -> dict[str, Any]:
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": object_name(self._network), "namespace": HOME, "labels": ours(self._network)},
            "spec": self._spec(),
        }

    async def _renew(self) -> None:
        renewed = asyncio.get_running_loop().time()
        pause = RENEW
        while True:
            await asyncio.sleep(pause)
            pause = RENEW
            try:
                found = await self._client.get(self._ref)
                if found is None or (found.get("spec") or {}).get("holderIdentity") != self._me:
                    holder = ((found or {}).get("spec") or {}).get("holderIdentity") or "nobody"
                    self._held = None
                    self._lost(f"The Lease in cluster {self._cluster} was taken by {holder}.")
                    return
                found["spec"]["renewTime"] = self._spec()["renewTime"]
                self._held = await self._client.replace(found)
                renewed = asyncio.get_running_loop().time()
            except ApiError as error:
                if not error.status:
                    # Nobody answers there, so nothing is changed there either: the other clusters go on. Who holds
                    # the Lease is asked again at once when the cluster is back.
                    pause = AWAY
                    continue
                if asyncio.get_running_loop().time() - renewed > DURATION - RENEW:
                    self._lost(f"The Lease in cluster {self._cluster} could not be renewed: {error.message}")
                    return
