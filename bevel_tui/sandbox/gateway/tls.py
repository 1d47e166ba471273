"""Server-side TLS contexts out of PEM in memory."""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_KEPT = 256


class Contexts:
    """Makes and keeps server contexts by certificate, key and protocols."""

    def __init__(self) -> None:
        self._contexts: OrderedDict[str, ssl.SSLContext] = OrderedDict()

    def get(self, certificate: bytes, key: bytes, protocols: Sequence[str]) -> ssl.SSLContext:
        """The context for a certificate. Raises ssl.SSLError or ValueError when certificate and key do not go together."""
        digest = hashlib.sha256(certificate + key + ",".join(protocols).encode()).hexdigest()
        found = self._contexts.get(digest)
        if found is None:
            found = self._contexts[digest] = _make(certificate, key, protocols)
            if len(self._contexts) > _KEPT:
                self._contexts.popitem(last=False)
        return found


def _make(certificate: bytes, key: bytes, protocols: Sequence[str]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # the ssl module reads files only: a private one (0600 in a folder of 0700) that is gone again at once
    with tempfile.TemporaryDirectory(prefix="bevel-tui-") as folder:
        path = Path(folder) / "pair.pem"
        path.touch(mode=0o600)
        path.write_bytes(certificate + b"\n" + key)
        context.load_cert_chain(path)
    context.set_alpn_protocols(list(protocols))
    return context


@cache
def default_pair(name: str) -> tuple[bytes, bytes]:
    """The certificate that a gateway shows for names that it does not know."""
    from bevel_tui.sandbox.players.pki import self_signed

    return self_signed(name)
