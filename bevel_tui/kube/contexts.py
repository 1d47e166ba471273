"""Which clusters a kubeconfig offers: contexts of the merged files, read only, without any network.

Merging follows kubectl: $KUBECONFIG is a list, missing entries are passed over, the first file that defines a
name wins, relative paths belong to the file that holds them; --kubeconfig names one file and turns merging off.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bevel_tui.records.errors import BevelError, Code

#: keys whose values are paths relative to the kubeconfig that holds them
_CLUSTER_PATHS = ("certificate-authority",)
_USER_PATHS = ("client-certificate", "client-key", "tokenFile")


#: keys whose values are texts (client-go, tools/clientcmd/api/v1/types.go), by section
_TEXTS = {
    "clusters": ("server", "tls-server-name", "certificate-authority", "certificate-authority-data", "proxy-url"),
    "contexts": ("cluster", "user", "namespace"),
    "users": (
        *("client-certificate", "client-certificate-data", "client-key", "client-key-data"),
        *("token", "tokenFile", "username", "password", "as"),
    ),
}
#: keys whose values are mappings, of users
_MAPPINGS = ("exec", "auth-provider")


@dataclass(frozen=True, slots=True)
class Context:
    """One context: enough to show it and to find duplicates. `server` is the API server's URL."""

    name: str
    cluster: str
    user: str
    server: str
    namespace: str | None
    file: Path
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """A merged kubeconfig. `document` is the merged tree with absolute paths; `files` those that were read."""

    files: tuple[Path, ...]
    current: str | None
    contexts: tuple[Context, ...]
    document: dict[str, Any] = field(repr=False)

    def context(self, name: str) -> Context:
        """The context of that name. Raises BevelError(CONTEXT_UNKNOWN), listing the known ones."""
        for context in self.contexts:
            if context.name == name:
                return context
        names = sorted(c.name for c in self.contexts)
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
        hint = f"; did you mean {close[0]!r}?" if close else "."
        where = ", ".join(str(f) for f in self.files) or "no kubeconfig file was found"
        raise BevelError(
            Code.CONTEXT_UNKNOWN,
            f"There is no context {name!r} in the kubeconfig{hint}",
            details=(f"known contexts: {', '.join(names) or 'none'}", f"read from: {where}"),
        )

    def lacks(self, context: Context) -> str | None:
        """What a context names and the kubeconfig does not have, as the end of a sentence; None when all is there."""
        if not context.cluster:
            return "no cluster"
        if not context.server:
            known = any(entry["name"] == context.cluster for entry in self.document["clusters"])
            return (
                "a cluster without a server address"
                if known
                else f"the cluster {context.cluster!r}, which is not there"
            )
        if context.user and all(entry["name"] != context.user for entry in self.document["users"]):
            return f"the user {context.user!r}, who is not there"
        return None

    def only(self, name: str) -> Kubeconfig:
        """The same with one context and what it names: with hundreds of contexts, copying the rest costs time.

        Raises BevelError(CONTEXT_UNKNOWN).
        """
        context = self.context(name)
        wanted = {"contexts": context.name, "clusters": context.cluster, "users": context.user}
        document = {
            **self.document,
            **{section: [e for e in self.document[section] if e["name"] == key] for section, key in wanted.items()},
        }
        return Kubeconfig(self.files, name, (context,), document)


def candidates(explicit: str | None = None) -> tuple[Path, ...]:
    """The files that would be read, in order: the explicit one, else $KUBECONFIG's, else ~/.kube/config."""
    if explicit:
        return (Path(explicit).expanduser(),)
    listed = os.environ.get("KUBECONFIG", "")
    paths = tuple(Path(p).expanduser() for p in listed.split(os.pathsep) if p)
    return paths or (Path.home() / ".kube" / "config",)


def read(explicit: str | None = None) -> Kubeconfig:
    """Read and merge. Raises BevelError(KUBECONFIG) when a file cannot be read or is no kubeconfig.

    Missing files of the $KUBECONFIG list are passed over; a missing explicit file is an error.
    """
    merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}
    owners: dict[str, Path] = {}
    files: list[Path] = []
    current: str | None = None
    for path in candidates(explicit):
        document = _read_one(path, required=explicit is not None)
        if document is None:
            continue
        files.append(path)
        current = current or document.get("current-context") or None
        for section in ("clusters", "users", "contexts"):
            known = {entry["name"] for entry in merged[section]}
            for entry in _entries(document, section, path):
                if entry["name"] in known:
                    continue
                known.add(entry["name"])
                merged[section].append(_absolute(entry, section, path))
                if section == "contexts":
                    owners[entry["name"]] = path
    if current:
        merged["current-context"] = current
    return Kubeconfig(tuple(files), current, _contexts(merged, owners), merged)


def _read_one(path: Path, *, required: bool) -> dict[str, Any] | None:
    import yaml  # 17 ms

    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        if required:
            raise BevelError(Code.KUBECONFIG, f"The kubeconfig {path} does not exist.") from None
        return None
    except OSError as error:
        raise BevelError(Code.KUBECONFIG, f"The kubeconfig {path} cannot be read: {error.strerror}.") from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(raw, loader)  # noqa: S506 - a safe loader, in C
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise BevelError(Code.KUBECONFIG, f"The kubeconfig {path} is not valid YAML{where}.") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BevelError(Code.KUBECONFIG, f"The kubeconfig {path} is not a kubeconfig: it holds no mapping.")
    return document


def _entries(document: dict[str, Any], section: str, path: Path) -> list[dict[str, Any]]:
    entries = document.get(section) or []
    body = {"clusters": "cluster", "users": "user", "contexts": "context"}[section]
    if not isinstance(entries, list):
        raise BevelError(Code.KUBECONFIG, f"The kubeconfig {path} is not a kubeconfig: {section} is no list.")
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise BevelError(Code.KUBECONFIG, f"The kubeconfig {path} has an entry without a name in {section}.")
        if not isinstance(entry.get(body) or {}, dict):
            raise BevelError(
                Code.KUBECONFIG, f"The kubeconfig {path}: {section} entry {entry['name']!r} is no mapping."
            )
        _types(entry.get(body) or {}, section, entry["name"], path)
    return entries


def _types(body: dict[str, Any], section: str, name: str, path: Path) -> None:
    """Raises BevelError(KUBECONFIG) where a value is of a kind that no kubeconfig has."""
    wrong = [(key, "text") for key in _TEXTS[section] if not isinstance(body.get(key), str | None)]
    if section == "users":
        wrong += [(key, "mapping") for key in _MAPPINGS if not isinstance(body.get(key), dict | None)]
    for key, kind in wrong:
        raise BevelError(Code.KUBECONFIG, f"The kubeconfig {path}: {key} of {section} entry {name!r} is no {kind}.")


def _absolute(entry: dict[str, Any], section: str, path: Path) -> dict[str, Any]:
    body_key = {"clusters": "cluster", "users": "user", "contexts": "context"}[section]
    body = dict(entry.get(body_key) or {})
    base = path.absolute().parent
    for key in _CLUSTER_PATHS if section == "clusters" else _USER_PATHS if section == "users" else ():
        if isinstance(body.get(key), str) and body[key]:
            body[key] = str(base / body[key])
    command = (body.get("exec") or {}).get("command") if isinstance(body.get("exec"), dict) else None
    if isinstance(command, str) and os.sep in command and not Path(command).is_absolute():
        body["exec"] = {**body["exec"], "command": str(base / command)}
    return {"name": entry["name"], body_key: body}


def _contexts(merged: dict[str, Any], owners: dict[str, Path]) -> tuple[Context, ...]:
    clusters = {entry["name"]: entry["cluster"] for entry in merged["clusters"]}
    found = []
    for entry in merged["contexts"]:
        body = entry["context"]
        cluster = clusters.get(body.get("cluster"), {})
        found.append(
            Context(
                name=entry["name"],
                cluster=str(body.get("cluster") or ""),
                user=str(body.get("user") or ""),
                server=str(cluster.get("server") or ""),
                namespace=body.get("namespace"),
                file=owners[entry["name"]],
                insecure=bool(cluster.get("insecure-skip-tls-verify")),
            )
        )
    return tuple(found)
