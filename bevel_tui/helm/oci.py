"""Charts of an OCI registry, by the distribution API: anonymous token, manifest, chart layer, digest checked.

https://github.com/opencontainers/distribution-spec; Helm's media types: https://helm.sh/docs/topics/registries.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from bevel_tui.helm.fetch import Cache, FetchError, allowed, get, is_loopback, sha256
from bevel_tui.helm.repositories import not_along
from bevel_tui.helm.tree import Tree, read_archive
from bevel_tui.helm.vendor import gather

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_DIGEST = re.compile(r"^sha256:([0-9a-f]{64})$")


class OciSource:
    """Charts below one registry path: ``oci://host/path`` holds ``<path>/<chart>:<version>``. Blocks."""

    def __init__(self, url: str, *, cache: Cache) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc.rpartition("@")[2]
        self.path = parts.path.strip("/")
        self._cache = cache
        scheme = "http" if is_loopback(parts.hostname or "") else "https"
        self._base = f"{scheme}://{self.host}/v2"
        self._tokens: dict[str, str] = {}

    @property
    def label(self) -> str:
        """How this source is called in events."""
        return f"oci://{self.host}/{self.path}".rstrip("/")

    def read(self, name: str, version: str) -> Tree:
        """The chart. Raises LookupError when there is none, FetchError, ValueError for a damaged one."""
        repository = f"{self.path}/{name}".lstrip("/")
        # Tags cannot hold "+", Helm writes "_" instead.
        tag = version.replace("+", "_")
        try:
            manifest = json.loads(self._get(repository, f"manifests/{tag}", accept=_MANIFEST))
        except FetchError as error:
            if error.status in {401, 403, 404}:
                raise LookupError(f"{self.label}/{name}:{tag} is not there or not public ({error.status})") from None
            raise
        except ValueError as error:
            raise ValueError(f"{self.label}/{name}:{tag} has a manifest that is no JSON: {error}") from None
        layers = manifest.get("layers") if isinstance(manifest, dict) else None
        layer: dict[str, Any] = next((item for item in layers or () if item.get("mediaType") == _CHART), {})
        stated = _DIGEST.match(str(layer.get("digest") or ""))
        if stated is None:
            raise ValueError(f"{self.label}/{name}:{tag} is no Helm chart")
        data = self._cache.get(stated[1])
        if data is None:
            data = self._get(repository, f"blobs/{stated[0]}")
            if sha256(data) != stated[1]:
                raise ValueError(
                    f"{self.label}/{name}:{tag}: the layer has digest sha256:{sha256(data)}, not {stated[0]}"
                )
            self._cache.put(stated[1], data)
        try:
            return gather(read_archive(data), not_along)
        except ValueError as error:
            raise ValueError(f"{self.label}/{name}:{tag}: {error}") from None

    def _get(self, repository: str, what: str, *, accept: str = "*/*") -> bytes:
        url = f"{self._base}/{repository}/{what}"
        token = self._tokens.get(repository)
        try:
            return get(url, headers={"Accept": accept}, authorization=token and f"Bearer {token}")
        except FetchError as error:
            challenge = str(error.headers.get("WWW-Authenticate") or "") if error.headers else ""
            if error.status != 401 or token is not None or not challenge.lower().startswith("bearer "):
                raise
            self._tokens[repository] = self._token(challenge, repository)
        return get(url, headers={"Accept": accept}, authorization=f"Bearer {self._tokens[repository]}")

    def _token(self, challenge: str, repository: str) -> str:
        """An anonymous token, from where the registry says. Raises FetchError."""
        asked = dict(_CHALLENGE.findall(challenge))
        realm = asked.get("realm", "")
        if not allowed(realm):
            raise FetchError(f"{self.host} sends for a token to {realm!r}, which is not HTTPS")
        query = {
            "service": asked.get("service", self.host),
            "scope": asked.get("scope", f"repository:{repository}:pull"),
        }
        try:
            answer = json.loads(get(f"{realm}?{urlencode(query)}"))
        except ValueError:
            answer = None
        token = (answer.get("token") or answer.get("access_token")) if isinstance(answer, dict) else None
        if not token:
            raise FetchError(f"{self.host} gave no anonymous token for {repository}", status=401)
        return str(token)
