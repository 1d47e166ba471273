"""10,000 malformed presets and kubeconfigs, the same ones every time: no traceback, one clear message each.

`tests/network/test_fuzz.py` looks for new ones; this run is what is promised.
"""

from __future__ import annotations

import asyncio
import base64
import copy
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from bevel_tui.kube import contexts, credentials
from bevel_tui.network.load import parse
from bevel_tui.records.errors import BevelError, Code, ExitCode

ROOT = Path(__file__).parents[2]
PRESETS = [path.read_text() for path in sorted((ROOT / "presets").glob("*.yaml"))]
SEED = 20_260_101
PRESET_EXAMPLES, KUBECONFIG_EXAMPLES = 7_000, 3_000


def examples(count: int) -> settings:
    return settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )


JUNK = st.sampled_from(
    [
        None, True, -1, 0, 1.5, 10**30, "", " ", "\x1b[31mred", "\u202e", "a\nb", "~", "{{ x }}", "$(id)", "../..", "https://[",
        [], {}, [[]], {"a": None}, {"env": 1}, {"file": ""}, [{"name": "x"}], "x" * 5000, "\ud800", b"\xff", "2001-01-01",
        "sha256:" + "0" * 64, "aGVsbG8=", "not base64!", "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----",
    ]
)  # fmt: skip
SYNTAX = st.sampled_from(
    [":", "- ", "\t", "{", "]", "&a ", "*a", "!!python/object:os.system ", "%", "\x00", "'", '"', "? "]
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places in a document."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


@st.composite
def spoiled(draw: st.DrawFn, documents: list[str]) -> str | bytes:
    """A good document with its tree or its text broken in one to three places."""
    text = draw(st.sampled_from(documents))
    if draw(st.booleans()):
        for _ in range(draw(st.integers(1, 3))):
            at = draw(st.integers(0, len(text)))
            text = text[:at] + draw(SYNTAX) + text[at + draw(st.integers(0, 8)) :]
        return text
    document: Any = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for _ in range(draw(st.integers(1, 3))):
        known = places(document)[1:]
        if not known:
            break
        *parents, last = draw(st.sampled_from(known))
        node = document
        for part in parents:
            node = node[part]
        if draw(st.integers(0, 3)):
            node[last] = copy.deepcopy(draw(JUNK))
        else:
            del node[last]
    try:
        return yaml.dump(document, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper))
    except UnicodeEncodeError:  # a lone surrogate: only bytes hold it
        return yaml.safe_dump(document).encode("utf-8", "surrogatepass")


def clear(error: BevelError) -> None:
    """One sentence that a terminal can show, and what to do."""
    assert error.message.strip()
    assert "\n" not in error.message
    assert error.message.isprintable(), error.message
    assert error.remedy
    assert "Traceback" not in error.message


@seed(SEED)
@examples(PRESET_EXAMPLES)
@given(spoiled(PRESETS))
def test_presets(text: str | bytes) -> None:
    try:
        parse(text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text)
    except BevelError as error:
        clear(error)
        assert error.code in {Code.PRESET_SYNTAX, Code.PRESET_INVALID}
        assert error.exit_code == ExitCode.USAGE


def kubeconfig(user: dict[str, Any]) -> str:
    cluster = {"server": "https://127.0.0.1:1", "certificate-authority-data": base64.b64encode(b"no PEM").decode()}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "one",
            "clusters": [{"name": "one", "cluster": cluster}, {"name": "two", "cluster": {"server": "http://127.0.0.1:1"}}],
            "users": [{"name": "one", "user": user}],
            "contexts": [
                {"name": "one", "context": {"cluster": "one", "user": "one", "namespace": "n"}},
                {"name": "two", "context": {"cluster": "two", "user": "one"}},
            ],
        }
    )  # fmt: skip


EXEC = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "command": "no-such-plugin-of-ours",
    "args": ["a"],
    "env": None,
}
KUBECONFIGS = [
    kubeconfig(user)
    for user in (
        {"token": "t"},
        {"tokenFile": "no-such-file"},
        {"username": "u", "password": "p"},
        {"client-certificate-data": "bm8=", "client-key-data": "bm8="},
        {"exec": EXEC},
        {"auth-provider": {"name": "oidc", "config": {"client-id": "x", "idp-issuer-url": "http://127.0.0.1:1"}}},
    )
]


async def use(path: Path) -> None:
    """Everything that is read of a kubeconfig before a cluster is asked."""
    merged = contexts.read(str(path))
    for context in merged.contexts:
        await credentials.load(merged, context.name)


def test_kubeconfigs(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    loop = asyncio.new_event_loop()
    refused = 0

    @seed(SEED)
    @examples(KUBECONFIG_EXAMPLES)
    @given(spoiled(KUBECONFIGS))
    def each(text: str | bytes) -> None:
        nonlocal refused
        content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        path.write_bytes(content)
        try:
            loop.run_until_complete(use(path))
        except BevelError as error:
            refused += 1
            clear(error)
            assert error.exit_code == ExitCode.CLUSTER
        assert path.read_bytes() == content

    try:
        each()
    finally:
        loop.close()
    assert refused > KUBECONFIG_EXAMPLES / 2
