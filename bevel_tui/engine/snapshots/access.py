"""How a cluster's API answers, and in which way it does not: states that rules can tell apart without reading words."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.snapshot import Access, AccessState
from bevel_tui.records.steps import ObjectRef

if TYPE_CHECKING:
    import aiohttp


async def ask(client: KubeClient) -> Access:
    """One small request, timed. Raises ApiError when the server does not answer or refuses."""
    import aiohttp

    began = time.monotonic()
    try:
        async with await client.open("GET", "/version", timeout=aiohttp.ClientTimeout(total=10)) as response:
            latency = time.monotonic() - began
            await response.read()
            if response.status in {401, 403}:
                raise ApiError(response.status, "Unauthorized", "the API server does not accept the credentials")
            if response.status >= 500:
                raise ApiError(0, "Unreachable", f"the API server answers with HTTP {response.status}")
            document = await response.json(content_type=None) if response.status == 200 else {}
            skew = _skew(response)
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise ApiError(0, "Unreachable", str(error) or "no answer in 10 s") from None
    uid = ""
    try:
        found = await client.get(ObjectRef("v1", "Namespace", "kube-system"))
        uid = str(((found or {}).get("metadata") or {}).get("uid") or "")
    except ApiError as error:
        if error.status == 401:
            raise
    return Access("ok", "", client.server, str(document.get("gitVersion") or ""), latency, skew, uid)


def _skew(response: aiohttp.ClientResponse) -> float | None:
    """Seconds that the server's clock is ahead, from its Date header (whole seconds)."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp() + 0.5 - time.time()
    except (KeyError, ValueError, TypeError):
        return None


def refused(error: ApiError, server: str) -> Access:
    """The state that a failed request stands for."""
    state: AccessState = "unreachable"
    if error.status == 401:
        state = "expired"
    elif error.status == 403:
        state = "denied"
    elif error.status == 0 and "certificate" in error.message.lower():
        state = "untrusted"
    return Access(state, error.message, server)


def unusable(error: BevelError, server: str = "") -> Access:
    """The state that a context which cannot even be opened stands for."""
    state: AccessState = "broken"
    if error.code is Code.CONTEXT_UNKNOWN:
        state = "no-context"
    elif error.code is Code.CLUSTER_UNREACHABLE:
        state = "untrusted" if "certificate" in error.message.lower() else "unreachable"
    elif error.code is Code.ACCESS_DENIED:
        words = " ".join((error.message, *error.details)).lower()
        state = "denied" if "HTTP 403" in error.details else "expired"
        if "plugin" in words or "exec" in words:
            missing = any(word in words for word in ("not found", "no such file", "not installed"))
            state = "plugin-missing" if missing else "plugin-failed"
    return Access(state, error.message, server)


async def patience(seconds: float, wake: asyncio.Event) -> None:
    """Wait, but no longer than until `wake` is set."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return
