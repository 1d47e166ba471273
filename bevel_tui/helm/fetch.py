"""Downloads of charts: HTTPS (plain HTTP on loopback only), bounded in size and time, cached by digest."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit, urlunsplit

from bevel_tui import __version__, locations

TIMEOUT = 30.0
#: an index.yaml of a large public repository has some MiB
MAX_BYTES = 64 << 20


class FetchError(Exception):
    """A download failed. `status` is the HTTP status, None when there was no answer; `headers` are the answer's."""

    def __init__(self, message: str, *, status: int | None = None, headers: Message | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine by its spelling (nothing is resolved)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def allowed(url: str) -> bool:
    """HTTPS everywhere; plain HTTP only where nobody else is on the wire."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(str(parts.hostname)))
    )


def shown(url: str) -> str:
    """A URL without what may be secret in it: user, password, query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from HTTPS to plain HTTP."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> urllib.request.Request | None:
        if not allowed(newurl):
            raise FetchError(f"{shown(req.full_url)} redirects to {shown(newurl)}, which is not HTTPS", status=code)
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type] # typeshed: HTTPMessage


def get(url: str, *, headers: Mapping[str, str] | None = None, authorization: str | None = None) -> bytes:
    """The body behind a URL. Blocks; call it in a thread. Raises FetchError.

    `authorization` goes to the named host only: a redirect (to a storage service) does not carry it on.
    """
    if not allowed(url):
        raise FetchError(f"{shown(url)} is not HTTPS; plain HTTP is accepted on this machine only")
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        url, headers={"User-Agent": f"bevel-tui/{__version__}", **(headers or {})}
    )
    if authorization is not None:
        request.add_unredirected_header("Authorization", authorization)
    # A proxy of the environment would be asked for this machine's own ports too.
    proxies = urllib.request.ProxyHandler({} if is_loopback(str(urlsplit(url).hostname)) else None)
    opener = urllib.request.build_opener(proxies, _Redirects())
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            body: bytes = answer.read(MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        with contextlib.closing(error):
            raise FetchError(
                f"{shown(url)} answered {error.code} {error.reason}", status=error.code, headers=error.headers
            ) from None
    except urllib.error.URLError as error:
        raise FetchError(f"{shown(url)} cannot be reached: {error.reason}") from None
    except (OSError, ValueError) as error:
        raise FetchError(f"{shown(url)} cannot be reached: {error}") from None
    if len(body) > MAX_BYTES:
        raise FetchError(f"{shown(url)} has more than {MAX_BYTES >> 20} MiB")
    return body


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


class Cache:
    """Archives by the SHA-256 of their content, so that nothing stale or altered is ever taken from it."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def _path(self, digest: str) -> Path:
        return (self._folder or locations.charts()) / f"sha256-{digest}.tgz"

    def get(self, digest: str) -> bytes | None:
        """The archive with this digest, or None. A damaged file counts as none."""
        try:
            data = self._path(digest).read_bytes()
        except OSError:
            return None
        return data if sha256(data) == digest else None

    def put(self, digest: str, data: bytes) -> None:
        """Keep an archive; a cache that cannot be written is no error."""
        path = self._path(digest)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
            try:
                with os.fdopen(handle, "wb") as out:
                    out.write(data)
                Path(temporary).replace(path)
            except OSError:
                Path(temporary).unlink(missing_ok=True)
                raise
