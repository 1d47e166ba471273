"""A chart as a mapping from paths to contents, in memory.

Charts are small (Bevel's largest is 150 kB). Holding one as data makes vendoring, patching and digesting pure
functions, and means that nothing is written to disk before the one archive that Helm reads.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

#: path below the chart's root, with slashes -> content
Tree = dict[str, bytes]

#: Helm itself refuses charts beyond 100 MiB; a ledger chart that large is a mistake
MAX_BYTES = 64 << 20

#: never part of a chart, and different on every machine
_IGNORED = {".git", ".DS_Store", "__pycache__"}

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Strings(_Loader):  # type: ignore[misc] # either class of PyYAML
    """Numbers and dates stay the text they were: a Chart.yaml that is written again keeps ``appVersion: 1.10``."""


_Strings.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0].rpartition(":")[2] in {"bool", "null", "merge"}]
    for first, pairs in _Loader.yaml_implicit_resolvers.items()
}


def load_yaml(text: bytes) -> Any:
    """A YAML document with its scalars as written. Raises yaml.YAMLError."""
    return yaml.load(text, _Strings)  # noqa: S506 - a subclass of the safe loader


def read_folder(folder: Path, *, root: Path | None = None) -> Tree:
    """The chart in a folder. Links may lead anywhere inside `root` (default: the folder), nowhere else.

    Raises ValueError for a link that leads out or a chart that is too large, OSError.
    """
    inside = (root or folder).resolve()
    tree: Tree = {}
    size = 0
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if _IGNORED.intersection(parts) or path.is_dir():
            continue
        if not path.resolve().is_relative_to(inside):
            raise ValueError(f"{path} is a link that leads out of {inside}")
        content = path.read_bytes()
        size += len(content)
        if size > MAX_BYTES:
            raise ValueError(f"{folder} holds more than {MAX_BYTES >> 20} MiB")
        tree["/".join(parts)] = content
    return tree


def read_archive(data: bytes) -> Tree:
    """The chart in a .tgz, without the leading folder of its name.

    Raises ValueError for what is no chart archive, is too large, or names files outside its folder.
    """
    tree: Tree = {}
    size = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
            for member in tar:
                if not member.isfile():
                    continue
                path = PurePosixPath(member.name)
                if path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
                    raise ValueError(f"it holds {member.name!r}, which is outside of the chart's folder")
                size += member.size
                if size > MAX_BYTES:
                    raise ValueError(f"it holds more than {MAX_BYTES >> 20} MiB")
                if (source := tar.extractfile(member)) is not None:
                    tree["/".join(path.parts[1:])] = source.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ValueError(f"it is no gzipped tar archive ({error})") from None
    if "Chart.yaml" not in tree:
        raise ValueError("it holds no Chart.yaml")
    return tree


def metadata(tree: Mapping[str, bytes]) -> dict[str, Any]:
    """Chart.yaml as a mapping of strings. Raises ValueError when there is none or it is not one."""
    try:
        found = load_yaml(tree["Chart.yaml"])
    except KeyError:
        raise ValueError("it holds no Chart.yaml") from None
    except yaml.YAMLError as error:
        raise ValueError(f"its Chart.yaml is no YAML: {error}") from None
    if not isinstance(found, dict) or not found.get("name") or not found.get("version"):
        raise ValueError("its Chart.yaml has no name or no version")
    return found


def dump_yaml(document: Any) -> bytes:
    """YAML in block style, keys in the order given."""
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1000).encode()


def digest(tree: Mapping[str, bytes]) -> str:
    """``sha256:...`` over sorted paths and contents: the same chart has it on every machine."""
    total = hashlib.sha256()
    for path in sorted(tree):
        total.update(f"{path}\0{len(tree[path])}\0".encode())
        total.update(tree[path])
    return f"sha256:{total.hexdigest()}"


def pack(tree: Mapping[str, bytes], name: str) -> bytes:
    """A chart archive, byte-equal for equal trees (no times, no owners)."""
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        # Chart.yaml first: readers that stop at it need not unpack the rest.
        for path in sorted(tree, key=lambda p: (p != "Chart.yaml", p)):
            member = tarfile.TarInfo(f"{name}/{path}")
            member.size = len(tree[path])
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(tree[path]))
    return out.getvalue()
