"""The bundle as a file: one YAML document that a person can read before they send it or take it in.

It holds texts, the digest of each item and one over everything, and nothing that a reader could not check. A digest
proves that nothing was changed on the way, not who sent it: compare it with the sender over another channel.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bevel_tui.engine.material import looks_private
from bevel_tui.network.tree import YamlSyntaxError, read
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ObjectRef

#: bytes of a bundle: it is kept in a ConfigMap, which holds 1 MiB, and a chart that takes it in no more
MAX_BYTES = 700_000
MAX_ITEMS = 2_000

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Words = Annotated[str, Field(min_length=1, max_length=500)]

_HEADER = """\
# Public material of a ledger network, made by `bevel-tui handoff export`: certificates, public keys, genesis.
# It holds no private key. Take it in with:  bevel-tui handoff import --preset FILE THIS-FILE
# Compare the digest with the sender over another channel: it proves that nothing was changed, not who sent it.
"""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Model):
    """The object that an item was taken from, in its owner's cluster."""

    apiVersion: Words  # noqa: N815 - as Kubernetes spells it
    kind: Words
    namespace: Words | None = None
    name: Words

    @property
    def ref(self) -> ObjectRef:
        """As steps name it."""
        return ObjectRef(self.apiVersion, self.kind, self.name, self.namespace)

    @classmethod
    def of(cls, ref: ObjectRef) -> Source:
        """From what a step names."""
        return cls(apiVersion=ref.api_version, kind=ref.kind, namespace=ref.namespace, name=ref.name)


class Item(_Model):
    """What one handoff carries: `data` are texts by data key, `base64` values that are no text. `sha256` is theirs."""

    handoff: Words
    source: Source
    data: dict[str, str] = {}
    base64: dict[str, str] = {}
    sha256: Digest

    @classmethod
    def of(cls, handoff: str, source: ObjectRef, values: Mapping[str, bytes]) -> Item:
        """An item with its digest, from raw values by data key."""
        data: dict[str, str] = {}
        encoded: dict[str, str] = {}
        for key, value in sorted(values.items()):
            try:
                data[key] = value.decode()
            except UnicodeDecodeError:
                encoded[key] = base64.b64encode(value).decode()
        return cls(
            handoff=handoff, source=Source.of(source), data=data, base64=encoded, sha256=_sha256((data, encoded))
        )

    @property
    def digest(self) -> str:
        """The digest of what it holds now."""
        return _sha256((self.data, self.base64))

    def values(self) -> dict[str, bytes]:
        """Raw values by data key. Raises ValueError for what is no base64."""
        found = {key: value.encode() for key, value in self.data.items()}
        for key, value in self.base64.items():
            try:
                found[key] = base64.b64decode(value, validate=True)
            except binascii.Error as error:
                raise ValueError(f"{key} is no base64") from error
        return found

    def as_object(self) -> dict[str, Any]:
        """The source object, reduced to what crossed, as an API server would show it."""
        values = self.values()
        found: dict[str, Any] = {
            "apiVersion": self.source.apiVersion,
            "kind": self.source.kind,
            "metadata": {"name": self.source.name, "namespace": self.source.namespace},
        }
        if self.source.kind == "Secret":
            found["data"] = {key: base64.b64encode(value).decode() for key, value in sorted(values.items())}
            return found
        found["data"] = dict(sorted(self.data.items()))
        if self.base64:
            found["binaryData"] = dict(sorted(self.base64.items()))
        return found


class Bundle(_Model):
    """Everything that one side hands to another at one time. `from` and `for` are organizations."""

    apiVersion: Literal["bevel-tui/v1"] = "bevel-tui/v1"  # noqa: N815
    kind: Literal["Handoff"] = "Handoff"
    network: Words
    platform: Words
    #: the plan of the preset with every organization managed: equal on both sides if their presets say the same
    plan: Words
    senders: tuple[Words, ...] = Field(alias="from", min_length=1)
    receivers: tuple[Words, ...] = Field(alias="for", min_length=1)
    created: datetime
    items: tuple[Item, ...] = Field((), max_length=MAX_ITEMS)
    #: steps of the sender's that are done, for which steps of the receiver wait
    done: tuple[Words, ...] = Field((), max_length=MAX_ITEMS)
    #: cluster -> IPv4 address that leads to its gateway (or its nodes)
    addresses: dict[str, Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$")]] = {}
    #: what a network that runs remembers of itself (`network.past`), for who comes to it; no secret is in it
    memory: dict[Words, str] = Field({}, max_length=20)
    #: what the receiver needs as well and the sender does not have yet: another bundle will bring it
    pending: tuple[Words, ...] = Field((), max_length=MAX_ITEMS)
    digest: Digest = "sha256:" + "0" * 64

    def sealed(self) -> Bundle:
        """The same with its digest."""
        return self.model_copy(update={"digest": self.actual_digest()})

    def actual_digest(self) -> str:
        """The digest of all that it says but the digest itself."""
        return _sha256({key: value for key, value in self.plain().items() if key != "digest"})

    def plain(self) -> dict[str, Any]:
        """As JSON data, keys as in the file."""
        return self.model_dump(mode="json", by_alias=True)


def now() -> datetime:
    """The time that a new bundle carries: UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def _sha256(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


# ---------------------------------------------------------------- writing


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as such: that is what makes a bundle readable."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    """Block style where it comes back unchanged, else double quotes: never plain, so that nothing is reinterpreted."""
    lines = value.split("\n")
    fit = len(lines) > 1 and all(line.isprintable() and line == line.strip() for line in lines) and lines[0]
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if fit else _quote(value))


def _quote(value: str) -> str | None:
    plain = value.isascii() and value.replace("-", "").replace("/", "").replace(".", "").isalnum()
    from bevel_tui.network.tree import scalar

    return None if plain and isinstance(scalar(value), str) and value[0].isalpha() else '"'


_Dumper.add_representer(str, _text)


def dump(bundle: Bundle) -> str:
    """The bundle's file. What is empty is left out."""
    tree = {key: value for key, value in bundle.plain().items() if value not in ([], {}, None)}
    tree["items"] = [
        {key: value for key, value in item.items() if value not in ([], {}, None)} for item in tree.get("items", [])
    ]
    return _HEADER + yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)


def save(bundle: Bundle, path: Path) -> None:
    """Write the file, whole or not at all; only its owner may read it. Raises BevelError(USAGE)."""
    import os
    import tempfile

    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # readable by its owner only
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(dump(bundle))
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BevelError(
            Code.USAGE,
            f"The bundle cannot be written to {path}: {error.strerror or error}.",
            remedy="Name another file with -o.",
        ) from None


# ---------------------------------------------------------------- reading


def load(path: Path) -> Bundle:
    """A bundle from a file, checked as far as it can be by itself. Raises BevelError(HANDOFF_REFUSED)."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise refused(f"{path} cannot be read: {error.strerror or error}") from None
    return parse(content, str(path))


def parse(content: bytes, source: str = "the bundle") -> Bundle:
    """A bundle from a file's content: well formed, with right digests, without anything private.

    Raises BevelError(HANDOFF_REFUSED) with the reason; nothing of what it holds is in the message.
    """
    if len(content) > MAX_BYTES:
        raise refused(f"{source} is bigger than {MAX_BYTES} bytes, which no bundle is")
    why = looks_private(content)
    if why:
        raise refused(f"{source} holds what looks like {why}")
    try:
        tree = read(content.decode())
    except UnicodeDecodeError:
        raise refused(f"{source} is not UTF-8 text") from None
    except YamlSyntaxError as error:
        where = f" (line {error.line})" if error.line else ""
        raise refused(f"{source} is no YAML document: {error.message}{where}") from None
    if tree.problems:
        raise refused(f"{source} is no bundle", *(f"line {tree.line(p.path)}: {p.message}" for p in tree.problems[:10]))
    if not isinstance(tree.data, Mapping) or tree.data.get("kind") != "Handoff":
        raise refused(f"{source} is no bundle: its `kind` is not Handoff")
    try:
        bundle = Bundle.model_validate(_lists(tree.data))
    except ValidationError as error:
        raise refused(
            f"{source} is no bundle that this version can read",
            *(f"{'.'.join(map(str, one['loc'])) or 'document'}: {one['msg']}" for one in error.errors()[:10]),
        ) from None
    return checked(bundle, source)


def checked(bundle: Bundle, source: str = "the bundle") -> Bundle:
    """The bundle if digests are right and nothing in it looks private. Raises BevelError(HANDOFF_REFUSED)."""
    private = []
    for item in bundle.items:
        if item.digest != item.sha256:
            raise refused(f"{source} was changed: the digest of {item.handoff} is not that of its content")
        try:
            values = item.values()
        except ValueError as error:
            raise refused(f"{source} is no bundle: {item.handoff}: {error}") from None
        for key, value in values.items():
            why = looks_private(value)
            if why:
                private.append(f"{item.handoff}: {key} looks like {why}")
    if private:
        raise refused(f"{source} holds a private key", *private)
    if bundle.actual_digest() != bundle.digest:
        raise refused(f"{source} was changed: its digest is not that of its content")
    return bundle


def _lists(tree: Any) -> Any:
    """A bundle's tree: sequences as pydantic's strict JSON mode would see them."""
    if isinstance(tree, Mapping):
        return {key: _lists(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_lists(value) for value in tree]
    return tree


def refused(message: str, *details: str, remedy: str | None = None) -> BevelError:
    """The error of a bundle that is not taken."""
    return BevelError(Code.HANDOFF_REFUSED, f"{message}.", details=details, remedy=remedy)
