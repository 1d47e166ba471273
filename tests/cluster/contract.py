"""The contract of the API servers: the same requests, and the answers that real Kubernetes gave to them.

A contract test makes requests through `Asker`, which writes them down with what came back, without what differs from
run to run (ids, versions, times). The transcript must be the recorded one, on the real API server and on the sandbox's
alike. Recording is done from the real one only: ``BEVEL_TUI_RECORD=1 pytest tests/cluster -k 'contract and real'``;
the difference of ``answers/*.json`` is what is reviewed.
"""

from __future__ import annotations

import asyncio
import difflib
import json
import os
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

ANSWERS = Path(__file__).parent / "answers"
MEDIA = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_DUMP = re.compile(r"Invalid value: \{.{100,}\}: ", re.DOTALL)
_DIFFERENCE = re.compile(r"\n@@.*", re.DOTALL)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@dataclass
class Server:
    """An API server under the contract: its address, authority and a token for each user.

    `forget` makes it forget old versions, as compaction does after minutes.
    """

    url: str
    ca: str = field(repr=False)
    tokens: Mapping[str, str] = field(repr=False)
    forget: Callable[[], None] = field(repr=False)


class Asker:
    """Makes requests, and keeps the transcript. ``{ns}`` in paths and bodies is the test's own namespace."""

    def __init__(self, server: Server, session: aiohttp.ClientSession, namespace: str) -> None:
        self.server = server
        self.session = session
        self.namespace = namespace
        self.transcript: list[dict[str, Any]] = []
        self._names: dict[str, str] = {}

    async def raw(
        self, method: str, path: str, body: Any = None, *, patch: str | None = None, user: str = "admin",
        headers: Mapping[str, str] | None = None, **query: str,
    ) -> tuple[int, Any]:  # fmt: skip
        """One request, not written down: ``(status, document)``."""
        data = None
        sent = {"Authorization": f"Bearer {self.server.tokens.get(user, user)}", "User-Agent": "contract/1"}
        if body is not None:
            data = body if isinstance(body, bytes) else self._fill(json.dumps(body)).encode()
            sent["Content-Type"] = MEDIA[patch] if patch else "application/json"
        sent |= headers or {}
        async with self.session.request(
            method, self.server.url + self._fill(path), data=data, headers=sent, params=query
        ) as response:
            text = await response.text()
            try:
                return response.status, json.loads(text)
            except ValueError:
                return response.status, text

    async def __call__(
        self, method: str, path: str, body: Any = None, *, fields: bool = False, only: str | None = None, **more: Any
    ) -> Any:
        """One request, written down; the document.

        With `fields` managedFields are part of the contract; with `only` (``spec``, ``metadata.labels``) nothing
        else is: where controllers are at work on an object, the rest depends on the moment.
        """
        status, document = await self.raw(method, path, body, **more)
        shown: Any = document
        if only and isinstance(document, dict) and document.get("kind") != "Status":
            for key in only.split("."):
                shown = (shown or {}).get(key)
        told = {key: value for key, value in more.items() if key != "headers"}
        self.note(f"{method} {path}" + (f" {told}" if told else ""), {"status": status, "answer": shown}, fields=fields)
        return document

    def note(self, what: str, answer: Any, *, fields: bool = False) -> None:
        """Write something down."""
        plain = self._plain(answer, fields=fields)
        self.transcript.append({"what": self._text(what), **(plain if isinstance(plain, dict) else {"answer": plain})})

    async def watch(self, path: str, *, user: str = "admin", **query: str) -> AsyncIterator[dict[str, Any]]:
        """The events of a watch, not written down, until the server ends it (or refuses: one event REFUSED)."""
        headers = {"Authorization": f"Bearer {self.server.tokens.get(user, user)}"}
        params = {"watch": "true", "timeoutSeconds": "10", **query}
        async with self.session.get(self.server.url + self._fill(path), headers=headers, params=params) as response:
            if response.status != 200:
                yield {"type": f"REFUSED {response.status}", "object": await response.json()}
                return
            async for line in response.content:
                yield json.loads(line)

    async def until(self, path: str, question: Callable[[int, Any], Any], *, seconds: float = 20.0) -> Any:
        """Ask until the answer satisfies; controllers of real clusters take their moment. The last document."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    status, document = await self.raw("GET", path)
                    if question(status, document):
                        return document
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{path} stays as it is: {status} {document}") from None

    async def gone(self, path: str) -> None:
        """Return when it is not there any more."""
        await self.until(path, lambda status, _: status == 404)

    def hide(self, value: str, name: str) -> None:
        """Show a value that differs from run to run under a name."""
        self._names[value] = f"<{name}>"

    # ------------------------------------------------------------ what differs from run to run

    def _fill(self, text: str) -> str:
        return text.replace("{ns}", self.namespace)

    def _plain(self, value: Any, *, fields: bool) -> Any:
        if isinstance(value, dict):
            found = {}
            for key, inner in sorted(value.items()):
                if key == "managedFields" and not fields:
                    continue
                if key == "resourceVersion" and isinstance(inner, str):
                    found[key] = "<version>" if inner else ""
                    continue
                found[self._text(key)] = self._plain(inner, fields=fields)
            return found
        if isinstance(value, list):
            return [self._plain(inner, fields=fields) for inner in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        for value, name in self._names.items():
            text = text.replace(value, name)
        text = _UID.sub(lambda match: self._named(match.group(), "uid"), text)
        # dumps of Go's own structs and comparisons of them belong to its version
        text = _DIFFERENCE.sub("", _DUMP.sub("Invalid value: <value>: ", text))
        return _TIME.sub("<time>", text).replace(self.namespace, "{ns}")

    def _named(self, value: str, what: str) -> str:
        return self._names.setdefault(value, f"<{what} {sum(what in n for n in self._names.values()) + 1}>")


def session(server: Server) -> aiohttp.ClientSession:
    """Connections to a server, its certificate verified."""
    context = ssl.create_default_context(cadata=server.ca)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context, limit=0))


def compare(name: str, transcript: list[dict[str, Any]], *, real: bool) -> None:
    """Assert that a transcript is the recorded one (or record it)."""
    path = ANSWERS / f"{name}.json"
    text = json.dumps(transcript, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("BEVEL_TUI_RECORD"):
        assert real, "answers are recorded from real API servers only"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return
    recorded = path.read_text()
    if text == recorded:
        return
    lines = difflib.unified_diff(
        recorded.splitlines(), text.splitlines(), "Kubernetes", "this server", n=6, lineterm=""
    )
    raise AssertionError("answers differ:\n" + "\n".join(lines))
