"""The HTTP side of one simulated cluster: who is asking, what for, and how refusals look.

Requests come from this machine only: a foreign Host or any Origin header (a browser) is refused before the token is
looked at.
"""

from __future__ import annotations

import inspect
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from bevel_tui.sandbox.apiserver import discovery, openapi, podlogs
from bevel_tui.sandbox.apiserver.access import Attributes, User
from bevel_tui.sandbox.apiserver.errors import NoSuchPath, Refusal, method_not_allowed, no_such_path
from bevel_tui.sandbox.apiserver.resources import Resources
from bevel_tui.sandbox.apiserver.store import dumps
from bevel_tui.sandbox.apiserver.targets import parse, verb_of

if TYPE_CHECKING:
    from aiohttp import web

    from bevel_tui.sandbox.apiserver.cluster import SimulatedCluster

log = logging.getLogger(__name__)

#: may answer in the server's place (a Refusal raised is an answer too), or return None
Fault = Callable[["web.BaseRequest"], "web.StreamResponse | Awaitable[web.StreamResponse | None] | None"]
_WRITES = {"create", "update", "patch", "delete", "deletecollection"}


class Counts:
    """Requests by user, verb and resource. `writes` leaves out reviews and dry runs, which change nothing."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, str]] = Counter()
        self.by_user: Counter[str] = Counter()

    def note(self, user: str, verb: str, resource: str, *, dry_run: bool) -> None:
        self.requests[user, verb, resource] += 1
        if verb in _WRITES and not dry_run and "review" not in resource:
            self.by_user[user] += 1

    def writes(self, user: str | None = None) -> int:
        """Mutating requests, of one user or of all."""
        return self.by_user[user] if user is not None else self.by_user.total()

    def document(self) -> dict[str, Any]:
        return {
            "writes": self.writes(),
            "writes_by_user": dict(self.by_user),
            "requests": [
                {"user": u, "verb": v, "resource": r, "count": n} for (u, v, r), n in sorted(self.requests.items())
            ],
        }


class Handler:
    """Answers every request of one cluster."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster
        self._resources = Resources(cluster)
        self._openapi = openapi.OpenApi(cluster.kinds)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except Refusal as refusal:
            return _refused(refusal)
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:
            log.exception("%s %s", request.method, request.path)
            return _refused(Refusal(500, f"an error in the simulated API server: {type(error).__name__}: {error}"))

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if "Origin" in request.headers or (request.url.host or "") not in self._cluster.names:
            raise Refusal(403, "this server answers local Kubernetes clients only")
        for fault in self._cluster.faults:
            answer = fault(request)
            if inspect.isawaitable(answer):
                answer = await answer
            if answer is not None:
                return answer
        user = self._cluster.access.authenticate(request.headers.get("Authorization"))
        if "Impersonate-User" in request.headers:
            groups = request.headers.getall("Impersonate-Group", [])
            user = self._cluster.access.impersonate(user, request.headers["Impersonate-User"], groups)
        path = request.path
        target = parse(path)
        if target is None:
            return await self._other(request, path, user)
        verb = verb_of(request.method, target, request.query)
        dry = bool(request.query.get("dryRun"))
        resource = f"{target.plural}/{target.subresource}" if target.subresource else target.plural
        self._cluster.counts.note(user.name, verb, resource, dry_run=dry)
        wanted = Attributes(
            verb=verb,
            group=target.group,
            resource=target.plural,
            subresource=target.subresource,
            namespace=target.namespace or "",
            name=target.name or "",
        )
        self._cluster.access.check(user, wanted)
        return await self._resources.answer(request, target, verb, user)

    async def _other(self, request: web.BaseRequest, path: str, user: User) -> web.StreamResponse:
        """Everything that is no resource."""
        from aiohttp import web

        parts = [part for part in path.split("/") if part]
        if parts[:1] == ["bevel-tui"]:
            return await self._own(request, parts[1:])
        if request.method not in {"GET", "HEAD"}:
            raise method_not_allowed() if parts else no_such_path()
        self._cluster.access.check(user, Attributes(verb="get", path=path))
        kinds = self._cluster.kinds
        accept = request.headers.get("Accept", "")
        match parts:
            case ["version"]:
                return _json(discovery.version())
            case ["healthz" | "livez" | "readyz", *_]:
                return web.Response(text="ok")
            case ["api" | "apis"] if "APIGroupDiscoveryList" in accept:
                version = "v2" if ";v=v2;" in accept else "v2beta1"
                document = discovery.aggregated(kinds, version, core=parts == ["api"])
                return _json(document, media=discovery.AGGREGATED.format(version=version))
            case ["api"]:
                return _json(discovery.legacy_versions(self._cluster.address))
            case ["apis"]:
                return _json(discovery.groups(kinds))
            case ["api", version]:
                return _json(_found(discovery.resources(kinds, "", version)))
            case ["apis", group]:
                return _json(_found(discovery.group(kinds, group)))
            case ["apis", group, version]:
                return _json(_found(discovery.resources(kinds, group, version)))
            case ["openapi", "v3"]:
                return _json(self._openapi.index())
            case ["openapi", "v3", *rest]:
                body = _found(self._openapi.document("/".join(rest)))
                return web.Response(body=body, headers={"Content-Type": "application/json"})
            case ["openapi", "v2"] if "protobuf" in accept:
                return web.Response(body=openapi.V2_PROTOBUF, headers={"Content-Type": openapi.V2_CONTENT_TYPE})
            case ["openapi", "v2"]:
                info = {"title": "Kubernetes", "version": "v1.34.2"}
                return _json({"swagger": "2.0", "info": info, "paths": {}, "definitions": {}})
        if not parts:
            paths = [
                "/api",
                "/api/v1",
                "/apis",
                "/healthz",
                "/livez",
                "/openapi/v2",
                "/openapi/v3",
                "/readyz",
                "/version",
            ]
            return _json({"paths": paths})
        raise no_such_path()

    async def _own(self, request: web.BaseRequest, parts: list[str]) -> web.StreamResponse:
        """The sandbox's own endpoints; a real API server has none of them."""
        match parts:
            case ["metrics"]:
                return _json(self._cluster.counts.document())
            case ["logs", *rest]:
                return await podlogs.write_log(self._cluster, request, rest)
        raise no_such_path()


def _found(document: Any) -> Any:
    if document is None:
        raise no_such_path()
    return document


def _json(document: Any, *, media: str = "application/json") -> web.Response:
    from aiohttp import web

    return web.Response(body=dumps(document), headers={"Content-Type": media})


def _refused(refusal: Refusal) -> web.Response:
    from aiohttp import web

    if isinstance(refusal, NoSuchPath):
        return web.Response(text=refusal.message + "\n", status=refusal.code)
    headers = {"Content-Type": "application/json", "Cache-Control": "no-cache, private", **refusal.headers}
    return web.Response(body=dumps(refusal.status()), status=refusal.code, headers=headers)
