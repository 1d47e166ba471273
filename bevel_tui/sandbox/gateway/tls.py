"""Server-side TLS contexts of components and gateways, kept by certificate."""

from __future__ import annotations

import hashlib
import ssl
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache

from bevel_tui.sandbox.tls import server_context

_KEPT = 256


class Contexts:
    """Makes and keeps server contexts by certificate, key and protocols."""

    def __init__(self) -> None:
        self._contexts: OrderedDict[str, ssl.SSLContext] = OrderedDict()

    def get(self, certificate: bytes, key: bytes, protocols: Sequence[str]) -> ssl.SSLContext:
        """The context for a certificate. Raises ssl.SSLError when certificate and key do not go together."""
        digest = hashlib.sha256(certificate + key + ",".join(protocols).encode()).hexdigest()
        found = self._contexts.get(digest)
        if found is None:
            found = server_context(certificate, key)
            found.set_alpn_protocols(list(protocols))
            self._contexts[digest] = found
            if len(self._contexts) > _KEPT:
                self._contexts.popitem(last=False)
        return found


@cache
def default_pair(name: str) -> tuple[bytes, bytes]:
    """The certificate that a gateway shows for names that it does not know."""
    from bevel_tui.sandbox.players.pki import self_signed

    return self_signed(name)
