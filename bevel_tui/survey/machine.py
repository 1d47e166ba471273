"""Whether this machine can deploy at all, before anybody's cluster is to blame: `bevel-tui doctor`.

Each function answers for one topic and raises nothing. Nothing is changed, and no cluster is asked; a network is used
for the resolvers and the chart source only, and only where the caller wants it.
"""

from __future__ import annotations

import asyncio
import base64
import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from bevel_tui import __version__, locations
from bevel_tui.kube.contexts import Kubeconfig, read
from bevel_tui.platforms.ethereum_behaviour import VERSION
from bevel_tui.records.checks import CheckStatus
from bevel_tui.records.errors import BevelError
from bevel_tui.records.machine import Answer

#: what a bug report needs to name
PACKAGES = ("textual", "rich", "kubernetes", "pydantic", "dnspython", "questionary", "helm-python-sdk")
#: seconds for one question to a resolver or a chart source
PATIENCE = 5.0
#: days before the end of a client certificate at which it is mentioned
SOON = 7
#: the smallest terminal that the screens are made for
COLUMNS, LINES = 80, 24
#: a chart that every Bevel source has
_PROBE_CHART = ("besu-node", VERSION)


async def examine(
    *,
    kubeconfig: str | None = None,
    charts: str | None = None,
    online: bool = True,
    environ: Mapping[str, str] | None = None,
) -> list[Answer]:
    """All answers, in the order of topics. `online` False asks neither resolvers nor chart sources."""
    env = os.environ if environ is None else environ
    answers = [*versions(), *await helm(env), *kubeconfigs(kubeconfig, env), *terminal(env), *folders()]
    asked = await asyncio.gather(resolvers(online), chart_source(charts, online))
    return [*answers, *(answer for found in asked for answer in found)]


def versions() -> Iterator[Answer]:
    """This program, Python, the system and the packages that matter."""
    yield Answer(topic="program", subject="bevel-tui", status="ok", summary=__version__)
    yield Answer(
        topic="program",
        subject="python",
        status="ok",
        summary=f"{platform.python_version()} on {platform.system()} {platform.machine()}",
    )
    for name in PACKAGES:
        try:
            yield Answer(topic="program", subject=name, status="ok", summary=metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Answer(topic="program", subject=name, status="skipped", summary="not installed")


async def helm(environ: Mapping[str, str]) -> list[Answer]:
    """The Helm that a deployment would use."""
    from bevel_tui.helm.drivers import choose

    try:
        driver = await choose(environ=environ)
    except BevelError as error:
        return [_failed("helm", "driver", error)]
    return [Answer(topic="helm", subject="driver", status="ok", summary=driver.name)]


def kubeconfigs(explicit: str | None, environ: Mapping[str, str]) -> Iterator[Answer]:
    """The kubeconfig files, their contexts, and the programs that contexts log in with. No cluster is asked."""
    try:
        found = read(explicit)
    except BevelError as error:
        yield _failed("kubeconfig", explicit or "files", error)
        return
    if not found.contexts:
        yield Answer(
            topic="kubeconfig",
            subject="contexts",
            status="warning",
            summary="no context was found",
            remedy="Name a kubeconfig with --kubeconfig or $KUBECONFIG, or try simulated clusters: "
            "bevel-tui --preset besu-two-clusters --sandbox",
        )
        return
    for file in found.files:
        yield _file(file)
    count = len(found.contexts)
    yield Answer(topic="kubeconfig", subject="contexts", status="ok", summary=f"{count} context{'s'[: count != 1]}")
    for context in found.contexts:
        if lacking := found.lacks(context):
            yield Answer(
                topic="kubeconfig",
                subject=context.name,
                status="warning",
                summary=f"names {lacking}",
                remedy="Put it into the kubeconfig, or remove the context.",
            )
        if context.insecure:
            yield Answer(
                topic="kubeconfig",
                subject=context.name,
                status="warning",
                summary="insecure-skip-tls-verify: anybody on the way can be this API server",
                remedy="Put certificate-authority-data into the kubeconfig instead.",
            )
    yield from _certificates(found)
    yield from _plugins(found, environ)


def _certificates(kubeconfig: Kubeconfig) -> Iterator[Answer]:
    """Client certificates that nobody takes any more, or soon not: clusters answer them with 401 and no reason."""
    from cryptography import x509

    now = datetime.now(UTC)
    for entry in kubeconfig.document["users"]:
        user = entry.get("user") or {}
        try:
            inline = user.get("client-certificate-data")
            pem = base64.b64decode(inline) if inline else Path(user["client-certificate"]).read_bytes()
            ends = x509.load_pem_x509_certificate(pem).not_valid_after_utc
        except (KeyError, OSError, ValueError):
            continue  # there is none, or connecting says what is wrong with it
        left = (ends - now).days
        if left < SOON:
            yield Answer(
                topic="kubeconfig",
                subject=f"user {entry['name']}",
                status="failed" if ends < now else "warning",
                summary=f"the client certificate {'expired on' if ends < now else 'is good until'} {ends:%Y-%m-%d %H:%M} UTC",
                remedy="Fetch the kubeconfig anew where it came from.",
            )


def _file(path: Path) -> Answer:
    open_to = stat.S_IRGRP | stat.S_IROTH | stat.S_IWGRP | stat.S_IWOTH
    if os.name == "posix" and path.stat().st_mode & open_to:
        return Answer(
            topic="kubeconfig",
            subject=str(path),
            status="warning",
            summary="others on this machine can read it",
            remedy=f"chmod 600 {path}",
        )
    return Answer(topic="kubeconfig", subject=str(path), status="ok", summary="readable by you only")


def _plugins(kubeconfig: Kubeconfig, environ: Mapping[str, str]) -> Iterator[Answer]:
    """Programs named by users' ``exec`` (client.authentication.k8s.io), each once."""
    seen: set[str] = set()
    for user in kubeconfig.document.get("users", ()):
        plugin = (user.get("user") or {}).get("exec") or {}
        command = plugin.get("command")
        if not isinstance(command, str) or command in seen:
            continue
        seen.add(command)
        where = shutil.which(command, path=environ.get("PATH"))
        if where is None:
            hint = " ".join(str(plugin.get("installHint") or f"Install {command} and put it on PATH.").split())
            yield Answer(
                topic="kubeconfig",
                subject=f"exec {command}",
                status="failed",
                summary=f"user {user.get('name')} logs in with it, and it is not on PATH",
                remedy=hint,
            )
        else:
            yield Answer(topic="kubeconfig", subject=f"exec {command}", status="ok", summary=where)


def terminal(environ: Mapping[str, str]) -> Iterator[Answer]:
    """Size, colours and characters of the terminal that the screens would have."""
    size = shutil.get_terminal_size((COLUMNS, LINES))
    small = size.columns < COLUMNS or size.lines < LINES
    yield Answer(
        topic="terminal",
        subject="size",
        status="warning" if small else "ok",
        summary=f"{size.columns}x{size.lines}",
        remedy=f"The screens need {COLUMNS}x{LINES} at least; `bevel-tui setup --plain` needs no screen."
        if small
        else None,
    )
    term = environ.get("TERM", "")
    dumb = term.lower() in ("", "dumb", "unknown") and sys.platform != "win32"
    yield Answer(
        topic="terminal",
        subject="TERM",
        status="warning" if dumb else "ok",
        summary=term or "not set",
        remedy="Screens need a terminal that can move its cursor; `bevel-tui setup --plain` does not."
        if dumb
        else None,
    )
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    yield Answer(
        topic="terminal",
        subject="characters",
        status="ok" if encoding == "utf8" else "warning",
        summary=encoding or "unknown",
        remedy=None if encoding == "utf8" else "Set a UTF-8 locale, such as LANG=C.UTF-8; letters are used until then.",
    )


def folders() -> Iterator[Answer]:
    """Whether runs can leave their journal and charts can be kept."""
    for name, folder in (("runs", locations.runs()), ("charts", locations.charts())):
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        writable = os.access(there, os.W_OK | os.X_OK)
        yield Answer(
            topic="folders",
            subject=name,
            status="ok" if writable else "warning",
            summary=str(folder) if writable else f"{there} cannot be written",
            remedy=None if writable else "Set XDG_STATE_HOME and XDG_CACHE_HOME to folders of yours.",
        )


async def resolvers(online: bool) -> list[Answer]:
    """The system's resolvers, each asked for the root's name servers."""
    import dns.asyncquery
    import dns.exception
    import dns.message
    import dns.resolver

    try:
        servers = [str(server) for server in dns.resolver.Resolver().nameservers]
    except dns.exception.DNSException as error:
        return [
            Answer(
                topic="dns",
                subject="resolvers",
                status="warning",
                summary=f"the system names none: {error}",
                remedy="Name resolvers in the preset (dns.resolvers).",
            )
        ]

    async def ask(server: str) -> Answer:
        if not online:
            return Answer(topic="dns", subject=server, status="skipped", summary="not asked (--offline)")
        try:
            query = dns.message.make_query(".", "NS")
            await dns.asyncquery.udp_with_fallback(query, server, timeout=PATIENCE)
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return Answer(
                topic="dns",
                subject=server,
                status="warning",
                summary=f"does not answer ({type(error).__name__})",
                remedy="Check the network or VPN; names are then judged by their authoritative servers only.",
            )
        return Answer(topic="dns", subject=server, status="ok", summary="answers")

    return list(await asyncio.gather(*map(ask, servers)))


async def chart_source(charts: str | None, online: bool) -> list[Answer]:
    """Whether Bevel's charts are where a deployment to real clusters would take them from."""
    from bevel_tui.helm import sources

    try:
        where = sources.parse(charts) if charts else None
    except BevelError as error:
        return [_failed("charts", charts or "", error)]
    named = charts or "Bevel's public repository"
    if not online and (where is None or where.path is None):
        return [Answer(topic="charts", subject=named, status="skipped", summary="not asked (--offline)")]
    try:
        async with asyncio.timeout(4 * PATIENCE):
            chart = await sources.ChartLocator().find(*_PROBE_CHART, where or "public")
    except TimeoutError:
        return [
            Answer(
                topic="charts",
                subject=named,
                status="warning",
                summary=f"no answer within {4 * PATIENCE:.0f} s",
                remedy="Check the network, or name an unpacked Bevel release with --charts.",
            )
        ]
    except BevelError as error:
        reason = error.details[0] if error.details else error.message
        status: CheckStatus = "failed" if charts else "warning"
        return [Answer(topic="charts", subject=named, status=status, summary=reason, remedy=error.remedy)]
    return [Answer(topic="charts", subject=named, status="ok", summary=f"{chart.name} {chart.version} is there")]


def _failed(topic: str, subject: str, error: BevelError) -> Answer:
    return Answer(topic=topic, subject=subject, status="failed", summary=error.message, remedy=error.remedy)
