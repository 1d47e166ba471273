"""The verbs: what create, update, patch and apply do to the store, in the order in which a real server does it.

Everything here is synchronous: a request is decided in one go, so no lock is needed. Objects given by clients are
owned by these functions from then on; stored objects are never modified.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bevel_tui.sandbox.apiserver import allocation, apply, defaults, names, poddefaults, quota, structure, validation
from bevel_tui.sandbox.apiserver.errors import (
    Cause,
    Refusal,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    invalid,
    not_found,
)
from bevel_tui.sandbox.apiserver.kinds import Kind, KindTable
from bevel_tui.sandbox.apiserver.store import Object, Store

_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
#: members that a write to the main resource cannot touch, and a write to /status only touches
_STATUS = ("status",)


@dataclass(slots=True)
class Write:
    """The circumstances of a write. `warnings` are collected for the answer."""

    manager: str
    dry_run: bool = False
    validation: str = "Warn"
    subresource: str = ""
    duplicates: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    #: may refuse what is about to be stored (Refusal)
    guard: Callable[[Kind, Object], None] | None = None


class Api:
    """Reads and writes of one cluster. `deleted` is called with the kind and the object when a write ends its
    deletion (its last finalizer went)."""

    def __init__(self, store: Store, kinds: KindTable) -> None:
        self.store = store
        self.kinds = kinds
        self.finish_deletion: Callable[[Kind, Object], None] = lambda kind, obj: None

    # ------------------------------------------------------------ reading

    def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        """An object. Raises Refusal(404)."""
        found = self.store.get(kind.resource, namespace, name)
        if found is None:
            raise not_found(kind.plural, kind.group, name)
        return found

    # ------------------------------------------------------------ writing

    def create(self, kind: Kind, namespace: str | None, obj: Any, write: Write) -> Object:
        """Create an object. Raises Refusal: 400, 403, 404 (namespace), 409, 422."""
        obj = self._decode(kind, namespace, obj, write)
        meta = obj["metadata"]
        if meta.get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = self._generate(kind, namespace, meta["generateName"])
        elif meta.get("name") and (there := self.store.get(kind.resource, namespace, meta["name"])):
            going = bool(there["metadata"].get("deletionTimestamp"))
            raise already_exists(kind.plural, kind.group, meta["name"], going=going)
        obj = self._prepare_new(kind, namespace, obj)
        writer = apply.Writer(write.manager, "Update", kind.api_version)
        obj = apply.update(None, obj, kind.type, writer, reset=_STATUS if kind.has_status else ())
        return self._commit(kind, obj, write)

    def update(self, kind: Kind, namespace: str | None, name: str, obj: Any, write: Write) -> Object:
        """Replace an object, or its status. Raises Refusal: 400, 404, 409, 422."""
        obj = self._decode(kind, namespace, obj, write)
        live = self.get(kind, namespace, name)
        if obj["metadata"].get("name") not in {None, name}:
            raise bad_request(
                f"the name of the object ({obj['metadata']['name']}) does not match the name on the URL ({name})"
            )
        obj["metadata"]["name"] = name
        if kind.custom and not obj["metadata"].get("resourceVersion"):
            cause = names.wrong("metadata.resourceVersion", 0, "must be specified for an update")
            raise invalid(kind.kind, kind.group, name, [cause])
        return self._replace(kind, live, obj, write)

    def modify(
        self, kind: Kind, namespace: str | None, name: str, change: Callable[[Object], Any], write: Write
    ) -> Object:
        """Change an object by a patch: `change` makes a new document of the live one (in `kind`'s version)."""
        live = self.get(kind, namespace, name)
        changed = change({**copy.deepcopy(live), "apiVersion": kind.api_version})
        if not isinstance(changed, dict) or not isinstance(changed.get("metadata"), dict):
            raise bad_request("the patch does not leave an object")
        if changed["metadata"].get("name") != name:
            cause = names.wrong("metadata.name", changed["metadata"].get("name"), "field is immutable")
            raise invalid(kind.kind, kind.group, name, [cause])
        obj = self._decode(kind, namespace, changed, write)
        return self._replace(kind, live, obj, write)

    def apply(
        self, kind: Kind, namespace: str | None, name: str, config: Any, write: Write, *, force: bool
    ) -> tuple[Object, bool]:
        """Server-side apply; the object and whether it was created. Raises Refusal: 400, 404, 409, 422."""
        if not isinstance(config, dict):
            raise bad_request("an apply configuration must be an object")
        config.setdefault("metadata", {})
        if config["metadata"].get("name", name) != name:
            raise bad_request(
                f"the name of the object ({config['metadata']['name']}) does not match the name on the URL ({name})"
            )
        if write.duplicates:
            listed = "\n".join(f"  {text}" for text in write.duplicates)
            why = f"error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n{listed}"
            if write.validation == "Strict":
                raise bad_request(why)
            if write.validation == "Warn":
                write.warnings.append(why)
            write.duplicates = []
        apply.check_typed(config, kind.type, kind.group, custom=kind.custom)
        config["metadata"]["name"] = name
        config = self._decode(kind, namespace, config, write)
        live = self.store.get(kind.resource, namespace, name)
        wanted = config["metadata"].get("resourceVersion")
        if live is None and write.subresource:
            raise not_found(kind.plural, kind.group, name)
        writer = apply.Writer(write.manager, "Apply", kind.api_version, write.subresource)
        reset = _reset(kind, write.subresource, config)
        based = {**live, "apiVersion": kind.api_version} if live else None
        merged = apply.apply(based, config, kind.type, writer, force=force, reset=reset)
        merged = copy.deepcopy(merged)
        if live is not None:
            if wanted:
                merged["metadata"]["resourceVersion"] = wanted
            return self._replace(kind, live, merged, write, owned=True), False
        return self._commit(kind, self._prepare_new(kind, namespace, merged), write), True

    # ------------------------------------------------------------ how

    def _decode(self, kind: Kind, namespace: str | None, obj: Any, write: Write) -> Object:
        """The object reduced to its kind's fields, in the namespace of the request."""
        if not isinstance(obj, dict):
            raise bad_request("the request body holds no object")
        version, name = obj.get("apiVersion"), obj.get("kind")
        if not version and not name and not kind.custom:
            obj["apiVersion"], obj["kind"] = version, name = kind.api_version, kind.kind
        if not name:
            raise bad_request("Object 'Kind' is missing")
        if version != kind.api_version:
            raise self._unexpected(kind, str(version), str(name))
        if name != kind.kind:
            raise self._unexpected(kind, str(version), str(name))
        if isinstance(obj.get("metadata"), dict) and obj["metadata"].get("managedFields") == []:
            obj["metadata"]["managedFields"] = [{}]  # empty but present: reset them
        decoded, unknown = structure.conform(obj, kind.type, kind.kind, kind.version, custom=kind.custom)
        write.warnings += structure.judge(write.validation, unknown, write.duplicates, kind.kind, kind.version)
        meta = decoded.setdefault("metadata", {})
        if kind.namespaced:
            if meta.setdefault("namespace", namespace) != namespace:
                raise bad_request(
                    "the namespace of the provided object does not match the namespace sent on the request"
                )
        elif meta.pop("namespace", None) and kind.resource != "namespaces":
            raise bad_request("namespace may not be set on a cluster-scoped object")
        return decoded

    def _unexpected(self, kind: Kind, version: str, name: str) -> Refusal:
        """Another kind than the path's was sent: Kubernetes tries to convert it, and says how that failed."""
        if kind.custom:
            if version != kind.api_version:
                return bad_request(
                    f"the API version in the data ({version}) does not match the expected API version ({kind.api_version})"
                )
            return bad_request(f"the kind in the data ({name}) does not match the expected kind ({kind.kind})")
        group, _, short = version.rpartition("/")
        if self.kinds.of(group, short, name):
            into = f"{kind.group.partition('.')[0] or 'core'}.{kind.kind}"
            why = f"converting ({short}.{name}) to ({into}): unknown conversion"
        else:
            why = f'no kind "{name}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:110"'
        return bad_request(f'{name} in version "{short}" cannot be handled as a {kind.kind}: {why}')

    def _generate(self, kind: Kind, namespace: str | None, stem: str) -> str:
        while True:
            number, suffix = uuid.uuid4().int, ""
            for _ in range(5):
                number, place = divmod(number, len(_SUFFIX))
                suffix += _SUFFIX[place]
            name = stem[:58] + suffix
            if not self.store.get(kind.resource, namespace, name):
                return name

    def _prepare_new(self, kind: Kind, namespace: str | None, obj: Object) -> Object:
        """Identity, defaults, admission and validation of an object that is to be created."""
        meta = obj["metadata"]
        if namespace is not None:
            self._check_namespace(kind, namespace, meta.get("name", ""))
        for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"):
            meta.pop(key, None)
        meta["uid"] = str(uuid.uuid4())
        meta["creationTimestamp"] = apply.now()
        meta.pop("generation", None)
        if kind.counts_generations:
            meta["generation"] = 1
        if kind.has_status:
            obj.pop("status", None)
        defaults.fill(kind, obj, None)
        validation.check_create(kind, obj)
        self._admit(kind, obj, None)
        return obj

    def _check_namespace(self, kind: Kind, namespace: str, name: str) -> None:
        space = self.store.get("namespaces", None, namespace)
        if space is None:
            raise not_found("namespaces", "", namespace)
        if space["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            cause = Cause("NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace")
            raise forbidden(kind.plural, kind.group, name, why, [cause])

    def _admit(self, kind: Kind, obj: Object, old: Object | None) -> None:
        """What admission plugins do: default StorageClass, the pod's ServiceAccount, limits and quotas; and Service
        allocation."""
        if kind.resource == "services":
            allocation.allocate(kind, obj, old, self.store.collection("services").all(None))
        elif kind.resource == "persistentvolumeclaims" and old is None and "storageClassName" not in obj["spec"]:
            classes = [
                c
                for c in self.store.collection("storageclasses.storage.k8s.io").all(None)
                if (c["metadata"].get("annotations") or {}).get(defaults.DEFAULT_CLASS) == "true"
            ]
            if classes:
                newest = max(classes, key=lambda c: (c["metadata"]["creationTimestamp"], c["metadata"]["name"]))
                obj["spec"]["storageClassName"] = newest["metadata"]["name"]
        elif kind.resource == "pods" and old is None:
            quota.apply_limits(self.store, obj)
            obj["status"]["qosClass"] = poddefaults.quality(obj)
            namespace, account = obj["metadata"]["namespace"], obj["spec"]["serviceAccountName"]
            found = self.store.get("serviceaccounts", namespace, account)
            if found is None:
                why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
                raise forbidden("pods", "", obj["metadata"]["name"], why)
            if found.get("imagePullSecrets") and not obj["spec"].get("imagePullSecrets"):
                obj["spec"]["imagePullSecrets"] = found["imagePullSecrets"]
        if old is None:
            quota.admit(self.store, kind, obj)

    def _replace(self, kind: Kind, live: Object, obj: Object, write: Write, *, owned: bool = False) -> Object:
        """Write a changed object over the live one. `owned`: managedFields are settled already (apply)."""
        old, new = live["metadata"], obj["metadata"]
        name = old["name"]
        if new.get("resourceVersion") and new["resourceVersion"] != old["resourceVersion"]:
            raise conflict(kind.plural, kind.group, name)
        if new.get("uid") and new["uid"] != old["uid"]:
            where = f"/{kind.group or ''}{'/' if kind.group else ''}{kind.plural}/{old.get('namespace', '')}/{name}"
            why = (
                f"StorageError: invalid object, Code: 4, Key: /registry{where}, ResourceVersion: 0, AdditionalErrorMsg: "
                f"Precondition failed: UID in precondition: {new['uid']}, UID in object meta: {old['uid']}"
            )
            raise conflict(kind.plural, kind.group, name, why)
        obj = _isolate(kind, live, obj, write.subresource)
        new = obj["metadata"]
        for key in (
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
            "generateName",
        ):
            new.pop(key, None)
            if key in old:
                new[key] = old[key]
        new["resourceVersion"] = old["resourceVersion"]
        if write.subresource == "status":
            validation.check_status(kind, live, obj)
        if not write.subresource:
            defaults.fill(kind, obj, live)
            validation.check_update(kind, live, obj)
            self._admit(kind, obj, live)
        if old.get("deletionTimestamp"):
            added = set(new.get("finalizers") or ()) - set(old.get("finalizers") or ())
            if added:
                listed = ", ".join(f'"{one}"' for one in sorted(added))
                text = f"Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{{{listed}}}"
                # twice, as the real server does: validated as metadata and by the kind
                causes = [Cause("FieldValueForbidden", text, "metadata.finalizers")] * (1 if kind.custom else 2)
                raise invalid(kind.kind, kind.group, name, causes)
        if kind.counts_generations and _wanted(kind, live) != _wanted(kind, obj):
            new["generation"] = old.get("generation", 0) + 1
        if not owned:
            writer = apply.Writer(write.manager, "Update", kind.api_version, write.subresource)
            based = {**live, "apiVersion": kind.api_version}
            obj = apply.update(based, obj, kind.type, writer, reset=_reset(kind, write.subresource, obj))
        if apply.same_but_for_times(live, {**obj, "apiVersion": live["apiVersion"]}):
            return live
        return self._commit(kind, obj, write)

    def _commit(self, kind: Kind, obj: Object, write: Write) -> Object:
        if write.guard is not None:
            write.guard(kind, obj)
        # a document's members in the order that people expect
        obj = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": obj["metadata"], **obj}
        if write.dry_run:
            return obj
        storage = self.kinds.storage(kind.resource)
        if storage is not None and storage is not kind:
            obj["apiVersion"] = storage.api_version
        stored = self.store.put(kind.resource, obj)
        if stored["metadata"].get("deletionTimestamp") and not stored["metadata"].get("finalizers"):
            self.finish_deletion(kind, stored)
        return stored


def _reset(kind: Kind, subresource: str, obj: Object) -> tuple[str, ...]:
    """Top-level members that this write does not own."""
    if subresource == "status":
        return tuple(key for key in obj if key not in {"apiVersion", "kind", "metadata", "status"})
    return _STATUS if kind.has_status else ()


def _wanted(kind: Kind, obj: Object) -> Any:
    """What the generation counts changes of."""
    if kind.custom:
        return {
            k: v
            for k, v in obj.items()
            if k not in {"metadata", "apiVersion", "kind", *(_STATUS if kind.has_status else ())}
        }
    if "spec" in obj:
        return obj["spec"]
    return {k: v for k, v in obj.items() if k not in {"metadata", "apiVersion", "kind", "status"}}


def _isolate(kind: Kind, live: Object, obj: Object, subresource: str) -> Object:
    """The new object with what this endpoint cannot touch as it was."""
    if subresource == "status":
        result = {**copy.deepcopy(live), "status": obj.get("status") or {}}
        if not obj.get("status"):
            result.pop("status", None)
        meta = result["metadata"]
        if not kind.custom:
            for key in ("labels", "annotations", "finalizers"):
                meta.pop(key, None)
                if key in obj["metadata"]:
                    meta[key] = obj["metadata"][key]
        meta.pop("managedFields", None)
        if "managedFields" in obj["metadata"]:
            meta["managedFields"] = obj["metadata"]["managedFields"]
        return result
    if kind.has_status:
        obj = {k: v for k, v in obj.items() if k != "status"}
        if "status" in live:
            obj["status"] = live["status"]
    if kind.resource == "namespaces" and subresource != "finalize":
        obj["spec"] = {**(obj.get("spec") or {}), "finalizers": (live.get("spec") or {}).get("finalizers", [])}
    return obj


__all__ = ["Api", "Refusal", "Write"]
