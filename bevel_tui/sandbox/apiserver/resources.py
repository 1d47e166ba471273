"""The endpoints of resources: every verb of every kind, its subresources, and the form in which answers go out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bevel_tui.sandbox.apiserver import access, paging, patch, scale, selectors, structure, table
from bevel_tui.sandbox.apiserver.api import Write
from bevel_tui.sandbox.apiserver.bodies import Body
from bevel_tui.sandbox.apiserver.errors import (
    Cause,
    NoSuchPath,
    Refusal,
    bad_request,
    expired,
    invalid,
    method_not_allowed,
    no_such_path,
    unsupported_media_type,
)
from bevel_tui.sandbox.apiserver.kinds import Kind
from bevel_tui.sandbox.apiserver.lifecycle import bind, eviction
from bevel_tui.sandbox.apiserver.podlogs import pod_log
from bevel_tui.sandbox.apiserver.store import Object, dumps
from bevel_tui.sandbox.apiserver.targets import Target
from bevel_tui.sandbox.apiserver.watch import Stream, parse_version, too_large

if TYPE_CHECKING:
    from aiohttp import web

    from bevel_tui.sandbox.apiserver.cluster import SimulatedCluster

_REVIEWS = {
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "SubjectAccessReview",
    "LocalSubjectAccessReview",
    "SelfSubjectReview",
}
#: kinds whose DELETE answers with the object instead of a Status (ReturnDeletedObject in Kubernetes)
_RETURNED = {"pods", "services", "serviceaccounts", "persistentvolumeclaims", "persistentvolumes", "resourcequotas", "limitranges", "podtemplates", "storageclasses.storage.k8s.io", "customresourcedefinitions.apiextensions.k8s.io"}  # fmt: skip
_PATCHES = ("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml", "application/apply-patch+cbor")  # fmt: skip
_STRATEGIC = "application/strategic-merge-patch+json"


class Resources:
    """Answers the requests for resources of one cluster."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster
        self._api = cluster.api

    async def answer(
        self, request: web.BaseRequest, target: Target, verb: str, user: access.User
    ) -> web.StreamResponse:
        """Raises Refusal."""
        kind = self._cluster.kinds.at(target.group, target.version, target.plural)
        if kind is None and target.version not in self._cluster.kinds.group_versions().get(target.group, ()):
            raise NoSuchPath
        if kind is None or (target.namespace is not None and not kind.namespaced):
            raise no_such_path()
        if kind.namespaced and target.namespace is None and verb not in {"list", "watch"}:
            raise no_such_path() if target.name else method_not_allowed()
        if target.subresource:
            return await self._subresource(request, kind, target, verb, user)
        if verb not in kind.verbs:
            raise method_not_allowed()
        query = request.query
        match verb:
            case "get":
                obj = self._api.get(kind, target.namespace, target.name or "")
                return self._object(request, kind, obj)
            case "list":
                return self._list(request, kind, target)
            case "watch":
                return await self._watch(request, kind, target)
            case "create":
                body = await Body.read(request)
                if kind.kind in _REVIEWS:
                    return _json(
                        access.review(self._cluster.access, user, kind.kind, body.value, target.namespace), 201
                    )
                write = self._write(request, body, user)
                obj = self._api.create(kind, target.namespace, body.value, write)
                return self._object(request, kind, obj, 201, write)
            case "update":
                body = await Body.read(request)
                write = self._write(request, body, user)
                obj = self._api.update(kind, target.namespace, target.name or "", body.value, write)
                return self._object(request, kind, obj, 200, write)
            case "patch":
                return await self._patch(request, kind, target, user)
            case "delete":
                options = await self._options(request)
                dry = _dry(query) or bool(options.get("dryRun"))
                last, gone = self._cluster.lifecycle.delete(
                    kind, target.namespace, target.name or "", options, dry_run=dry
                )
                if gone and kind.resource not in _RETURNED:
                    return _json(_success(kind, last))
                return self._object(request, kind, last)
        return await self._delete_collection(request, kind, target)

    # ------------------------------------------------------------ reading

    def _predicate(self, kind: Kind, query: Any, target: Target) -> selectors.Predicate | None:
        found = selectors.labels(query["labelSelector"]) if query.get("labelSelector") else None
        fields = query.get("fieldSelector")
        return selectors.both(found, selectors.fields(fields, kind) if fields else None)

    def _list(self, request: web.BaseRequest, kind: Kind, target: Target) -> web.Response:
        query = request.query
        matches = self._predicate(kind, query, target)
        store = self._cluster.store
        version, start = store.version, None
        paging.check(query)
        asked = parse_version(query["resourceVersion"]) if query.get("resourceVersion") else 0
        if asked > version:
            raise too_large(asked, version)
        if query.get("resourceVersionMatch") == "Exact" and asked not in {0, version}:
            raise expired("The resourceVersion for the provided list is too old.")
        if query.get("continue"):
            version, start = paging.begins(query["continue"])
            if store.since(kind.resource, version) is None:
                raise expired("The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.", paging.token(store.version, *start))  # fmt: skip
        limit = int(query.get("limit") or 0)
        objects: list[Object] = []
        meta: Object = {"resourceVersion": str(version)}
        found = [o for o in store.collection(kind.resource).all(target.namespace) if matches is None or matches(o)]
        for n, obj in enumerate(found):
            key = (obj["metadata"].get("namespace") or "", obj["metadata"]["name"])
            if start is not None and key <= start:
                continue
            if limit and len(objects) == limit:
                last = objects[-1]["metadata"]
                meta["continue"] = paging.token(version, last.get("namespace") or "", last["name"])
                if matches is None:
                    meta["remainingItemCount"] = len(found) - n
                break
            objects.append(obj)
        accept = request.headers.get("Accept", "")
        if "as=Table" in accept:
            include = query.get("includeObject") or "Metadata"
            rows = [_versioned(o, kind) for o in objects]
            return _json(table.document(kind, rows, meta, include))
        if "as=PartialObjectMetadataList" in accept:
            items = [table.partial(o) for o in objects]
            return _json({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "items": items})  # fmt: skip
        if kind.custom:
            items = [_versioned(o, kind) for o in objects]
        else:  # items of a typed list carry neither apiVersion nor kind
            items = [{k: v for k, v in o.items() if k not in {"apiVersion", "kind"}} for o in objects]
        return _json({"kind": kind.list_kind, "apiVersion": kind.api_version, "metadata": meta, "items": items})

    async def _watch(self, request: web.BaseRequest, kind: Kind, target: Target) -> web.StreamResponse:
        from aiohttp import web

        accept = request.headers.get("Accept", "")
        include = request.query.get("includeObject") or "Metadata"

        def render(obj: Object, first: bool) -> Object:
            obj = _versioned(obj, kind)
            if "as=Table" in accept:
                meta = {"resourceVersion": obj["metadata"]["resourceVersion"]}
                return table.document(kind, [obj], meta, include, headers=first)
            return table.partial(obj) if "as=PartialObjectMetadata" in accept else obj

        matches = self._predicate(kind, request.query, target)
        stream = Stream(
            self._cluster.store, kind, target.namespace, request.query, matches, render, self._cluster.bookmark_interval
        )
        try:
            response = web.StreamResponse(
                headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
            )
            response.enable_chunked_encoding()
            await response.prepare(request)
            await stream.write_to(response)
            await response.write_eof()
        except ConnectionError:
            pass  # the client went, as watchers do
        finally:
            stream.close()
        return response

    # ------------------------------------------------------------ writing

    def _write(self, request: web.BaseRequest, body: Body, user: access.User, subresource: str = "") -> Write:
        query = request.query
        agent = request.headers.get("User-Agent", "")
        manager = query.get("fieldManager") or agent.partition("/")[0][:128] or "unknown"
        return Write(
            manager=manager,
            dry_run=_dry(query),
            validation=structure.strict_mode(query.get("fieldValidation")),
            subresource=subresource,
            duplicates=body.duplicates,
            guard=lambda kind, obj: self._cluster.access.check_grant(user, kind.resource, obj),
        )

    async def _patch(self, request: web.BaseRequest, kind: Kind, target: Target, user: access.User) -> web.Response:
        media = request.content_type
        accepted = _PATCHES[:3] if kind.custom else (*_PATCHES[:2], _STRATEGIC, *_PATCHES[2:])
        if media not in accepted or media.endswith("cbor"):
            raise unsupported_media_type(accepted)
        body = await Body.read(request)
        write = self._write(request, body, user, target.subresource)
        name = target.name or ""
        if media == "application/apply-patch+yaml":
            manager = request.query.get("fieldManager")
            if not manager:
                cause = Cause("FieldValueRequired", "Required value: is required for apply patch", "fieldManager")
                raise invalid("PatchOptions", "meta.k8s.io", "", [cause])
            force = request.query.get("force") in {"true", "1"}
            obj, created = self._api.apply(kind, target.namespace, name, body.value, write, force=force)
            return self._object(request, kind, obj, 201 if created else 200, write)
        if request.query.get("force"):
            raise Refusal(422, 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch')  # fmt: skip

        def change(live: Object) -> Any:
            if media == "application/json-patch+json":
                return patch.json_patch(live, body.value)
            if not isinstance(body.value, dict):
                raise bad_request("the patch is no object")
            if media == "application/merge-patch+json":
                return patch.merge_patch(live, body.value)
            return patch.strategic_merge_patch(live, body.value, kind.type)

        obj = self._api.modify(kind, target.namespace, name, change, write)
        return self._object(request, kind, obj, 200, write)

    async def _options(self, request: web.BaseRequest) -> Object:
        """The DeleteOptions of a request: its body, else its parameters."""
        options: Object = {}
        if request.can_read_body:
            body = await Body.read(request, optional=True)
            options = body.value if isinstance(body.value, dict) else {}
        for key in ("propagationPolicy", "gracePeriodSeconds", "orphanDependents"):
            if key not in options and request.query.get(key):
                value: Any = request.query[key]
                options[key] = (
                    int(value) if key.endswith("Seconds") else value == "true" if key.startswith("orphan") else value
                )
        if options.get("propagationPolicy") not in {None, "Orphan", "Background", "Foreground"}:
            text = f'Unsupported value: "{options["propagationPolicy"]}": supported values: "Foreground", "Background", "Orphan", "nil"'
            cause = Cause("FieldValueNotSupported", text, "propagationPolicy")
            raise invalid("DeleteOptions", "meta.k8s.io", "", [cause])
        return options

    async def _delete_collection(self, request: web.BaseRequest, kind: Kind, target: Target) -> web.Response:
        options = await self._options(request)
        matches = self._predicate(kind, request.query, target)
        found = [
            o
            for o in self._cluster.store.collection(kind.resource).all(target.namespace)
            if matches is None or matches(o)
        ]
        deleted = []
        for obj in found:
            meta = obj["metadata"]
            dry = _dry(request.query)
            deleted.append(
                self._cluster.lifecycle.delete(kind, meta.get("namespace"), meta["name"], options, dry_run=dry)[0]
            )
        meta = {"resourceVersion": str(self._cluster.store.version)}
        items = [_versioned(o, kind) for o in deleted]
        return _json({"kind": kind.list_kind, "apiVersion": kind.api_version, "metadata": meta, "items": items})

    # ------------------------------------------------------------ subresources

    async def _subresource(
        self, request: web.BaseRequest, kind: Kind, target: Target, verb: str, user: access.User
    ) -> web.StreamResponse:
        name, namespace, sub = target.name or "", target.namespace, target.subresource
        if kind.resource == "pods" and sub == "binding" and verb == "create":
            bind(self._cluster.lifecycle, kind, namespace or "", name, (await Body.read(request)).value or {})
            return _json({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)
        if sub not in kind.subresources:
            raise no_such_path()
        if kind.resource == "pods" and sub == "log" and verb == "get":
            return await pod_log(self._cluster, request, self._api.get(kind, namespace, name))
        if kind.resource == "pods" and sub in {"exec", "portforward"}:
            self._api.get(kind, namespace, name)
            raise Refusal(
                501, f"{sub} is not possible: this cluster is simulated and runs no containers", reason="NotImplemented"
            )
        if kind.resource == "pods" and sub == "eviction" and verb == "create":
            body = await Body.read(request)
            dry = _dry(request.query)
            eviction(self._cluster.lifecycle, kind, namespace or "", name, body.value or {}, dry_run=dry)
            return _json({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)
        if verb not in kind.subresources[sub]:
            raise method_not_allowed()
        if sub == "scale":
            return await self._scale(request, kind, target, verb, user)
        if verb == "get":
            return self._object(request, kind, self._api.get(kind, namespace, name))
        if verb == "patch":
            return await self._patch(request, kind, target, user)
        body = await Body.read(request)
        write = self._write(request, body, user, sub)
        return self._object(request, kind, self._api.update(kind, namespace, name, body.value, write), 200, write)

    async def _scale(
        self, request: web.BaseRequest, kind: Kind, target: Target, verb: str, user: access.User
    ) -> web.Response:
        name = target.name or ""
        live = self._api.get(kind, target.namespace, name)
        current = scale.of(kind, live)
        if verb == "get":
            return _json(current)
        body = await Body.read(request)
        write = self._write(request, body, user, "scale")
        wanted: Any = body.value
        if verb == "patch":
            match request.content_type:
                case "application/json-patch+json":
                    wanted = patch.json_patch(current, body.value)
                case _:
                    wanted = patch.merge_patch(current, body.value)
        replicas, version = scale.replicas(wanted), (wanted.get("metadata") or {}).get("resourceVersion")

        def change(obj: Object) -> Object:
            if version:
                obj["metadata"]["resourceVersion"] = version
            return scale.set_replicas(kind, obj, replicas)

        return _json(scale.of(kind, self._api.modify(kind, target.namespace, name, change, write)))

    # ------------------------------------------------------------ answers

    def _object(
        self, request: web.BaseRequest, kind: Kind, obj: Object, status: int = 200, write: Write | None = None
    ) -> web.Response:
        obj = _versioned(obj, kind)
        accept = request.headers.get("Accept", "")
        if "as=Table" in accept:
            include = request.query.get("includeObject") or "Metadata"
            meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            return _json(table.document(kind, [obj], meta, include), status)
        if "as=PartialObjectMetadata;" in accept:
            obj = table.partial(obj)
        response = _json(obj, status)
        for warning in write.warnings if write else ():
            text = warning.replace("\\", "\\\\").replace('"', '\\"')
            response.headers.add("Warning", f'299 - "{text}"')
        return response


def _versioned(obj: Object, kind: Kind) -> Object:
    """A stored object in the version that was asked for."""
    return obj if obj["apiVersion"] == kind.api_version else {**obj, "apiVersion": kind.api_version}


def _json(document: Any, status: int = 200) -> web.Response:
    from aiohttp import web

    headers = {"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
    return web.Response(body=dumps(document), status=status, headers=headers)


def _success(kind: Kind, obj: Object) -> Object:
    details: Object = {"name": obj["metadata"]["name"]}
    if kind.group:
        details["group"] = kind.group
    details |= {"kind": kind.plural, "uid": obj["metadata"]["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _dry(query: Any) -> bool:
    value = query.get("dryRun")
    if value not in {None, "", "All"}:
        raise Refusal(422, f'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: "{value}": supported values: "All"')  # fmt: skip
    return bool(value)
