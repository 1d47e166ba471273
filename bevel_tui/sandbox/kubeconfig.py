"""The kubeconfig of the sandbox: a file of its own, never one of the user's.

Written atomically with mode 0600 (it holds tokens), with the authorities' certificates inside it, so that one file is
all that another tool needs.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class KubeconfigEntry:
    """How one user reaches one cluster. `context` names context, cluster and user alike."""

    context: str
    server: str
    authority_pem: bytes
    token: str = field(repr=False)
    namespace: str | None = None


def document(entries: Iterable[KubeconfigEntry]) -> dict[str, Any]:
    """The kubeconfig as a tree; the first entry is the current context."""
    entries = list(entries)
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": {},
        "clusters": [
            {
                "name": e.context,
                "cluster": {
                    "server": e.server,
                    "certificate-authority-data": base64.b64encode(e.authority_pem).decode(),
                },
            }
            for e in entries
        ],
        "users": [{"name": e.context, "user": {"token": e.token}} for e in entries],
        "contexts": [
            {
                "name": e.context,
                "context": {"cluster": e.context, "user": e.context}
                | ({"namespace": e.namespace} if e.namespace else {}),
            }
            for e in entries
        ],
        "current-context": entries[0].context if entries else "",
    }


def write_kubeconfig(entries: Iterable[Any], path: Path) -> Path:
    """Write the kubeconfig of simulated clusters (or of entries) to `path`; its directory must exist.

    Raises OSError. Nobody ever sees a half-written file.
    """
    import yaml

    listed = [getattr(entry, "kubeconfig_entry", entry) for entry in entries]
    text = yaml.safe_dump(document(listed), sort_keys=False)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
