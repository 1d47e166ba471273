"""The client against real HTTP on loopback: errors, retries, watches that break, credentials that expire."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from bevel_tui.kube import transport
from bevel_tui.kube.client import ApiError, KubeClient
from bevel_tui.records.errors import BevelError, Code
from bevel_tui.records.steps import ObjectRef

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CONFIGMAP = ObjectRef("v1", "ConfigMap", "one", "default")


class Server:
    """A server whose answers a test sets; it remembers what was asked."""

    def __init__(self) -> None:
        self.handler: Handler | None = None
        self.requests: list[tuple[str, str]] = []
        self.url = ""

    async def dispatch(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path_qs))
        assert self.handler is not None
        return await self.handler(request)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    fake = Server()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", fake.dispatch)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]
    yield fake
    await runner.cleanup()


def kubeconfig(path: Path, server: str, user: dict[str, Any] | None = None) -> str:
    path.write_text(
        yaml.safe_dump(
            {
                "contexts": [
                    {"name": "c", "context": {"cluster": "c", "user": "u"}},
                    {"name": "broken", "context": {"cluster": "nowhere", "user": "u"}},
                ],
                "clusters": [{"name": "c", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": user or {}}],
            }
        )
    )
    return str(path)


async def connect(server: Server, tmp_path: Path, user: dict[str, Any] | None = None) -> KubeClient:
    return await KubeClient.connect("c", kubeconfig(tmp_path / "config", server.url, user), verify=False)


def status(code: int, reason: str, message: str, **headers: str) -> web.Response:
    return web.json_response({"kind": "Status", "reason": reason, "message": message}, status=code, headers=headers)


async def test_absent_is_none_and_other_errors_carry_the_servers_words(server: Server, tmp_path: Path) -> None:
    answers = iter([status(404, "NotFound", "no"), status(403, "Forbidden", "not for you")])

    async def handler(_: web.Request) -> web.StreamResponse:
        return next(answers)

    server.handler = handler
    async with await connect(server, tmp_path) as client:
        assert await client.get(CONFIGMAP) is None
        with pytest.raises(ApiError) as caught:
            await client.get(CONFIGMAP)
    assert (caught.value.status, caught.value.reason, caught.value.message) == (403, "Forbidden", "not for you")


async def test_too_many_requests_is_repeated_when_the_server_says(server: Server, tmp_path: Path) -> None:
    answers = iter(
        [status(429, "TooManyRequests", "slow down", **{"Retry-After": "0"}), web.json_response({"data": {"a": "b"}})]
    )

    async def handler(_: web.Request) -> web.StreamResponse:
        return next(answers)

    server.handler = handler
    async with await connect(server, tmp_path) as client:
        found = await client.get(CONFIGMAP)
    assert found is not None
    assert found["data"] == {"a": "b"}
    assert len(server.requests) == 2


async def test_the_server_is_not_asked_again_before_it_allows_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests and watches alike wait for as long as Retry-After says."""
    pauses: list[float] = []
    real = transport.retry_after

    def asked(header: str | None, attempt: int) -> float:
        pauses.append(real(header, attempt))
        return 0.0

    monkeypatch.setattr(transport, "retry_after", asked)
    listed = web.json_response({"items": [], "metadata": {"resourceVersion": "1"}})
    busy = {"Retry-After": "7"}
    answers = iter(
        [
            status(429, "TooManyRequests", "slow down", **busy),
            listed,
            status(503, "ServiceUnavailable", "starting", **busy),
            status(403, "Forbidden", "enough of it"),
        ]
    )

    async def handler(_: web.Request) -> web.StreamResponse:
        return next(answers)

    server.handler = handler
    async with await connect(server, tmp_path) as client:
        with pytest.raises(ApiError, match="enough of it"):
            async for _ in client.watch("v1", "ConfigMap", "default"):
                pass
    assert pauses == [7.0, 7.0]


async def test_a_lost_answer_is_asked_again_but_never_created_twice(server: Server, tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        if len(server.requests) % 2:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return web.json_response({"metadata": {"name": "one"}})

    server.handler = handler
    async with await connect(server, tmp_path) as client:
        assert await client.get(CONFIGMAP) is not None
        assert [m for m, _ in server.requests] == ["GET", "GET"]
        server.requests.clear()
        with pytest.raises(ApiError):
            await client.create(
                {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": "default"}}
            )
        assert [m for m, _ in server.requests] == ["POST"]


async def test_who_acts_as_somebody_else_has_no_more_rights_than_that_one(server: Server, tmp_path: Path) -> None:
    seen: list[list[tuple[str, str]]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append([(key, value) for key, value in request.headers.items() if key.startswith("Impersonate-")])
        return web.json_response({"kind": "ConfigMap"})

    server.handler = answer
    user = {"token": "t", "as": "jane", "as-groups": ["a", "b"], "as-user-extra": {"reason/x": ["audit"]}}
    client = await connect(server, tmp_path, user)
    await client.get(CONFIGMAP)
    await client.close()
    assert seen == [
        [
            ("Impersonate-User", "jane"),
            ("Impersonate-Group", "a"),
            ("Impersonate-Group", "b"),
            ("Impersonate-Extra-reason%2Fx", "audit"),
        ]
    ]
    for broken in ({"as-groups": ["a"]}, {"as": "jane", "as-groups": "a"}, {"as": "jane", "as-user-extra": ["x"]}):
        with pytest.raises(BevelError) as refused:
            await connect(server, tmp_path, broken)
        assert refused.value.code is Code.KUBECONFIG


async def test_lists_are_paged(server: Server, tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        page = int(request.query.get("continue", "0"))
        items = [{"metadata": {"name": f"n{page}"}}]
        more = {"continue": str(page + 1)} if page < 2 else {}
        return web.json_response({"items": items, "metadata": {"resourceVersion": "7", **more}})

    server.handler = handler
    async with await connect(server, tmp_path) as client:
        items = await client.list("v1", "ConfigMap", "default")
    assert [i["metadata"]["name"] for i in items] == ["n0", "n1", "n2"]
    assert {i["kind"] for i in items} == {"ConfigMap"}


def pod(name: str, version: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "d", "resourceVersion": version}}


async def test_a_watch_outlives_lost_connections_and_forgotten_versions(server: Server, tmp_path: Path) -> None:
    lists = iter([([pod("a", "1"), pod("b", "1")], "1"), ([pod("b", "5"), pod("c", "5")], "9")])
    watches: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        if "watch" not in request.query:
            items, version = next(lists)
            return web.json_response({"items": items, "metadata": {"resourceVersion": version}})
        watches.append(request.query["resourceVersion"])
        response = web.StreamResponse()
        await response.prepare(request)
        script: list[dict[str, Any]] = {
            1: [{"type": "MODIFIED", "object": pod("a", "2")}, {"type": "BOOKMARK", "object": pod("", "4")}],
            2: [{"type": "ERROR", "object": {"code": 410, "reason": "Expired", "message": "too old"}}],
        }.get(len(watches), [])
        for event in script:
            await response.write(json.dumps(event).encode() + b"\n")
        if len(watches) > 2:
            await asyncio.sleep(30)
        return response

    server.handler = handler
    seen = []
    async with await connect(server, tmp_path) as client, asyncio.timeout(60):
        async for change, obj in client.watch("v1", "Pod", "d"):
            seen.append((change, obj.get("metadata", {}).get("name")))
            if seen[-1] == ("ADDED", "c"):
                break
    assert watches[:2] == ["1", "4"]  # resumed at the bookmark, not at the list
    assert seen == [
        ("ADDED", "a"),
        ("ADDED", "b"),
        ("SYNCED", None),
        ("MODIFIED", "a"),
        ("DELETED", "a"),
        ("MODIFIED", "b"),
        ("ADDED", "c"),
    ]


async def test_expired_credentials_are_renewed_once_for_all_requests(server: Server, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.write_text(
        "#!/bin/sh\n"
        f"echo x >> {tmp_path}/calls\n"
        f"n=$(wc -l < {tmp_path}/calls | tr -d ' ')\n"
        'printf \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",'
        '"status":{"token":"token-%s"}}\' "$n"\n'
    )
    plugin.chmod(0o700)

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Bearer token-2":
            return status(401, "Unauthorized", "expired")
        return web.json_response({"metadata": {"name": "one"}})

    server.handler = handler
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}}
    async with await connect(server, tmp_path, user) as client:
        found = await asyncio.gather(*(client.get(CONFIGMAP) for _ in range(8)))
    assert all(found)
    assert (tmp_path / "calls").read_text().count("x") == 2


async def test_a_plugin_whose_credentials_are_refused_is_not_called_per_request(server: Server, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.write_text(
        f"#!/bin/sh\necho x >> {tmp_path}/calls\n"
        'echo \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t"}}\'\n'
    )
    plugin.chmod(0o700)

    async def handler(request: web.Request) -> web.StreamResponse:
        return status(401, "Unauthorized", "who are you")

    server.handler = handler
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}}
    async with await connect(server, tmp_path, user) as client:
        for _ in range(5):
            with pytest.raises(ApiError, match="who are you"):
                await client.get(CONFIGMAP)
        plugin.write_text(f"#!/bin/sh\necho x >> {tmp_path}/calls\necho 'session expired' >&2; exit 1\n")
        client._vain = None
        with pytest.raises(ApiError, match="session expired") as caught:
            await client.get(CONFIGMAP)
        assert caught.value.status == 401
        with pytest.raises(ApiError, match="who are you"):
            await client.get(CONFIGMAP)
    assert (tmp_path / "calls").read_text().count("x") == 3


async def test_a_token_that_was_rotated_in_the_kubeconfig_is_taken_from_there_by_watches_too(
    server: Server, tmp_path: Path
) -> None:
    valid = "old"
    changed = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {valid}":
            return status(401, "Unauthorized", "expired")
        if "watch" not in request.query:
            return web.json_response({"metadata": {"resourceVersion": "1"}, "items": []})
        response = web.StreamResponse()
        await response.prepare(request)
        if valid == "new":
            obj = {"metadata": {"name": "one", "resourceVersion": "2"}}
            await response.write(json.dumps({"type": "ADDED", "object": obj}).encode() + b"\n")
        await changed.wait()
        return response

    server.handler = handler
    async with await connect(server, tmp_path, {"token": "old"}) as client:
        watch = client.watch("v1", "ConfigMap", "default")
        assert (await anext(watch))[0] == "SYNCED"
        upcoming = asyncio.ensure_future(anext(watch))
        await asyncio.sleep(0.05)
        valid = "new"
        kubeconfig(tmp_path / "config", server.url, {"token": "new"})
        changed.set()
        changed.clear()
        change, obj = await asyncio.wait_for(upcoming, 60)
        assert (change, obj["metadata"]["name"]) == ("ADDED", "one")
        assert client.renewals == 1
        changed.set()
        await watch.aclose()


async def test_a_failing_plugin_is_said_with_its_words(server: Server, tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    plugin.write_text("#!/bin/sh\necho 'session expired' >&2\nexit 3\n")
    plugin.chmod(0o700)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin)}}
    with pytest.raises(BevelError) as caught:
        await connect(server, tmp_path, user)
    assert caught.value.code is Code.ACCESS_DENIED
    assert "session expired" in "".join(caught.value.details)

    user["exec"] |= {"command": "no-such-plugin", "installHint": "get it there"}
    with pytest.raises(BevelError) as caught:
        await connect(server, tmp_path, user)
    assert "not installed" in caught.value.message
    assert caught.value.remedy == "get it there"


async def test_an_unusable_cluster_is_known_at_once(server: Server, tmp_path: Path) -> None:
    async def denied(_: web.Request) -> web.StreamResponse:
        return status(403, "Forbidden", "no")

    server.handler = denied
    path = kubeconfig(tmp_path / "config", server.url)
    with pytest.raises(BevelError) as caught:
        await KubeClient.connect("c", path)
    assert caught.value.code is Code.ACCESS_DENIED

    path = kubeconfig(tmp_path / "config", "http://127.0.0.1:1")
    with pytest.raises(BevelError) as caught:
        await KubeClient.connect("c", path)
    assert caught.value.code is Code.CLUSTER_UNREACHABLE

    with pytest.raises(BevelError) as caught:
        await KubeClient.connect("broken", path)
    assert caught.value.code is Code.KUBECONFIG


async def test_inline_certificates_leave_no_file_and_bad_ones_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import base64

    import trustme

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    cert = trustme.CA().issue_cert("someone")
    user = {
        "client-certificate-data": base64.b64encode(cert.cert_chain_pems[0].bytes()).decode(),
        "client-key-data": base64.b64encode(cert.private_key_pem.bytes()).decode(),
    }
    path = kubeconfig(tmp_path / "config", "https://127.0.0.1:1", user)
    before = (Path(path).read_bytes(), Path(path).stat().st_mtime_ns)
    client = await KubeClient.connect("c", path, verify=False)
    await client.close()
    assert list(scratch.iterdir()) == []
    assert before == (Path(path).read_bytes(), Path(path).stat().st_mtime_ns)

    path = kubeconfig(tmp_path / "config", "https://127.0.0.1:1", {"client-key-data": "%%%"})
    with pytest.raises(BevelError) as caught:
        await KubeClient.connect("c", path, verify=False)
    assert caught.value.code is Code.KUBECONFIG
    assert "no base64" in caught.value.message
    assert list(scratch.iterdir()) == []


def test_private_files_are_private(tmp_path: Path) -> None:
    from bevel_tui.kube.credentials import _private_file

    path = Path(_private_file(tmp_path, "key", b"k"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
