"""Plays the probe pods of `bevel-tui check`: the same questions, really asked, as seen from the simulated cluster.

Names are looked up in the sandbox's zones, connections go to the listeners of the gateways, certificates are those that
are served. What differs inside one cluster comes from ConfigMap `bevel-tui-sandbox-inside` in its kube-system, so that
faults can be made with kubectl: key ``names`` has lines ``PATTERN ADDRESS...`` (no address: not found), key ``paths``
lines ``PATTERN refused|timeout`` for ``address:port``. Patterns are the shell's.
"""

from __future__ import annotations

import asyncio
import fnmatch
import hashlib
import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bevel_tui.reachability.inside.job import ROLE, ROLE_PROBE
from bevel_tui.reachability.inside.script import MARK, NO_ANSWER, Question
from bevel_tui.reachability.wanted import is_ip
from bevel_tui.sandbox.world import Site, World

INSIDE, INSIDE_NAMESPACE = "bevel-tui-sandbox-inside", "kube-system"


def is_probe(pod: Mapping[str, Any]) -> bool:
    """Whether a pod is one of ours that look at gateways."""
    return (pod["metadata"].get("labels") or {}).get(ROLE) == ROLE_PROBE


async def play(world: World, site: Site, spec: Mapping[str, Any], log: Callable[[str], None]) -> int:
    """Ask what the container's arguments say; writes the script's lines and returns its exit code."""
    timeout = next((float(e["value"]) for e in spec.get("env") or () if e["name"] == "PROBE_TIMEOUT"), 5.0)
    asked = [Question.parse(argument) for argument in spec.get("args") or ()]
    for lines in await asyncio.gather(*(_look(world, site, question, timeout) for question in asked)):
        for line in lines:
            log(f"{MARK} {line}")
    log(f"{MARK} end {len(asked)}")
    return 0


async def _look(world: World, site: Site, question: Question, patience: float) -> list[str]:
    faults = _Faults(site)
    addresses = faults.names(question.host)
    if addresses is None:
        addresses = [question.host] if is_ip(question.host) else _addresses(world, site, question.host)
    lines = [f"name {question.host} {','.join(addresses) or '-'}"]
    for kind, port in question.tries:
        for address in addresses:
            word = faults.path(f"{address}:{port}")
            if kind == "health":
                told = None if word else _health(world, site, question.host, port)
                lines.append(f"health {question.host} {port} {address} {told or NO_ANSWER}")
                continue
            where = world.dial.get(f"{address}:{port}")
            if word == "timeout":
                await world.clock.sleep(patience)
            # an address that nobody in the sandbox has is one that drops packets
            word = word or ("open" if where is not None else "timeout")
            if kind == "tcp":
                lines.append(f"tcp {question.host} {port} {address} {word} -")
                continue
            shown = await _fingerprint(where, question.host) if word == "open" and where else None
            lines.append(f"tls {question.host} {port} {address} {'served' if shown else 'closed'} {shown or '-'}")
    return lines


def _addresses(world: World, site: Site, host: str) -> list[str]:
    """What the cluster's resolver has for a host: the address of a Service of its own, or what the zones say."""
    if not host.endswith(".svc.cluster.local"):
        return sorted(world.names.addresses(host))
    name, namespace, *_ = host.split(".")
    address = ((site.view.get("Service", namespace, name) or {}).get("spec") or {}).get("clusterIP")
    return [str(address)] if address else []


def _health(world: World, site: Site, host: str, port: int) -> str | None:
    """What a node behind a Service of the cluster answers to `system_health`; None: nothing."""
    from bevel_tui.sandbox.components import Unreachable, in_cluster
    from bevel_tui.sandbox.players.substrate import peers

    try:
        component = in_cluster(world, site, host, port)
    except Unreachable:
        return None
    if component is None:
        return None
    result = {"peers": peers(world, site, component.pod), "isSyncing": False, "shouldHavePeers": True}
    return json.dumps({"jsonrpc": "2.0", "result": result, "id": 1}, separators=(",", ":"))


async def _fingerprint(where: str, host: str) -> str | None:
    """The SHA-256 of the certificate that is served for a host at a listener."""
    address, _, port = where.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is described here; whoever asks compares it
    try:
        async with asyncio.timeout(10):
            _, writer = await asyncio.open_connection(address, int(port), ssl=context, server_hostname=host)
    except (OSError, TimeoutError):
        return None
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return hashlib.sha256(der).hexdigest() if der else None


class _Faults:
    """What is different inside a cluster."""

    def __init__(self, site: Site) -> None:
        found = site.view.get("ConfigMap", INSIDE_NAMESPACE, INSIDE)
        self._data: Mapping[str, str] = (found or {}).get("data") or {}

    def _lines(self, key: str) -> Iterator[list[str]]:
        for line in self._data.get(key, "").splitlines():
            if words := line.split():
                yield words

    def names(self, host: str) -> list[str] | None:
        """The addresses that the cluster's resolver has for a host; None: what the zones say."""
        return next((words[1:] for words in self._lines("names") if fnmatch.fnmatch(host, words[0])), None)

    def path(self, where: str) -> str | None:
        """What becomes of a connection to ``address:port``; None: it is made."""
        return next((words[1] for words in self._lines("paths") if fnmatch.fnmatch(where, words[0])), None)
