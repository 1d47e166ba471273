"""Dependencies of charts: each ``file://`` one is put inside, exactly one level deep (facts 0.2).

Dependencies of sub-charts must stay absent: besu-tessera-node and others list bevel-storageclass, and a recursive
copy would render the same StorageClass once more per sub-chart. Remote ones (dscp-node) are dropped; off by default,
they would need a download at install time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from bevel_tui.helm.tree import Tree, dump_yaml, load_yaml, metadata, read_archive


@dataclass(frozen=True, slots=True)
class Dependency:
    """One entry of a chart's dependencies. `raw` is the whole entry (alias, condition, tags...)."""

    name: str
    repository: str
    raw: Mapping[str, Any]

    @property
    def is_local(self) -> bool:
        """Whether it lies beside the chart in the same checkout."""
        return self.repository.startswith("file://")


def dependencies(tree: Mapping[str, bytes]) -> tuple[Dependency, ...]:
    """What a chart depends on, from Chart.yaml and requirements.yaml alike (Bevel mixes both; facts 0.1).

    Raises ValueError when either is no YAML.
    """
    found: list[Dependency] = []
    for path in ("Chart.yaml", "requirements.yaml"):
        if path not in tree:
            continue
        try:
            document = load_yaml(tree[path]) or {}
        except yaml.YAMLError as error:
            raise ValueError(f"its {path} is no YAML: {error}") from None
        for raw in document.get("dependencies") or ():
            found.append(Dependency(str(raw["name"]), str(raw.get("repository") or ""), raw))
    return tuple(found)


def gather(tree: Tree, find: Callable[[Dependency], Tree]) -> Tree:
    """The chart with its local dependencies inside, each as it lies in its source.

    `find` gives a dependency's chart. One that a packaged chart brings along already is unpacked instead.
    """
    whole = dict(tree)
    for dependency in dependencies(tree):
        if not dependency.is_local:
            continue
        name = dependency.name
        packed = [path for path in whole if path.startswith(f"charts/{name}-") and path.endswith(".tgz")]
        folder = {path for path in whole if path.startswith(f"charts/{name}/")}
        # What `helm dependency update` left in a checkout may be older than its source beside it.
        try:
            inner = find(dependency)
        except LookupError:
            if folder:
                continue
            if not packed:
                raise
            inner = read_archive(whole[packed[0]])
        for path in (*packed, *folder):
            del whole[path]
        whole.update({f"charts/{name}/{path}": content for path, content in inner.items()})
    return whole


def normalise(tree: Mapping[str, bytes]) -> Tree:
    """A gathered chart as Helm is to see it: one level deep, nothing remote, no lock files."""
    own = dependencies(tree)
    kept = [d for d in own if _present(tree, d.name)]
    flat: Tree = {}
    local = {d.name for d in own if d.is_local}
    for path, content in tree.items():
        parts = path.split("/")
        if path in {"Chart.lock", "requirements.lock"}:
            continue
        if len(parts) > 2 and parts[0] == "charts" and parts[1] in local:
            if parts[2] in {"charts", "requirements.yaml", "requirements.lock", "Chart.lock"}:
                continue
            if parts[2] == "Chart.yaml" and len(parts) == 3:
                flat[path] = _with_dependencies(content, ())
                continue
        flat[path] = content
    if [d.raw for d in own] != [d.raw for d in kept] or ("requirements.yaml" in flat and not _is_v1(tree)):
        flat.pop("requirements.yaml", None)
        if _is_v1(tree):
            flat["Chart.yaml"] = _with_dependencies(tree["Chart.yaml"], ())
            if kept:
                flat["requirements.yaml"] = dump_yaml({"dependencies": [dict(d.raw) for d in kept]})
        else:
            # apiVersion v2 reads Chart.yaml and warns of the other file.
            flat["Chart.yaml"] = _with_dependencies(tree["Chart.yaml"], (d.raw for d in kept))
    return flat


def _is_v1(tree: Mapping[str, bytes]) -> bool:
    return metadata(tree).get("apiVersion") == "v1"


def _present(tree: Mapping[str, bytes], name: str) -> bool:
    return any(path.startswith((f"charts/{name}/", f"charts/{name}-")) for path in tree)


def _with_dependencies(chart_yaml: bytes, wanted: Iterable[Mapping[str, Any]]) -> bytes:
    """Chart.yaml with other dependencies; byte-equal when there is nothing to change."""
    document = load_yaml(chart_yaml)
    listed = [dict(entry) for entry in wanted]
    if (document.get("dependencies") or []) == listed:
        return chart_yaml
    document.pop("dependencies", None)
    if listed:
        document["dependencies"] = listed
    return dump_yaml(document)
