"""The package of a chaincode that runs as a server: what peers install instead of source (Fabric's documentation,
"Running Chaincode as an External Service").

Made here and not by a Job, byte for byte the same on every machine: its hash is the chaincode's id, which the server is
started with and which approvals name.
"""

from __future__ import annotations

import hashlib
import json
import struct
import tarfile
import zlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Package:
    """`id` is ``<label>:<hash>``, as peers compute it of `content`."""

    label: str
    content: bytes

    @property
    def id(self) -> str:
        """The id under which a peer knows the installed package."""
        return f"{self.label}:{hashlib.sha256(self.content).hexdigest()}"


def external(name: str, version: str, address: str) -> Package:
    """The package of a chaincode whose server is found at `address` (host:port), without TLS."""
    label = f"{name}_{version}"
    connection = _json({"address": address, "dial_timeout": "10s", "tls_required": False})
    code = _zipped({"connection.json": connection})
    return Package(label, _zipped({"metadata.json": _json({"type": "ccaas", "label": label}), "code.tar.gz": code}))


def _json(document: dict[str, object]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()


def _zipped(files: dict[str, bytes]) -> bytes:
    """A tar archive in gzip. Stored, not compressed: compressors differ between machines."""
    data = b""
    for name, content in files.items():
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o644
        data += entry.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % tarfile.BLOCKSIZE)
    data += bytes(2 * tarfile.BLOCKSIZE)
    blocks = [data[start : start + 0xFFFF] for start in range(0, len(data), 0xFFFF)]
    stored = b"".join(
        struct.pack("<BHH", block is blocks[-1], len(block), len(block) ^ 0xFFFF) + block for block in blocks
    )
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    return header + stored + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
