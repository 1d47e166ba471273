"""GET pods/{name}/log, and the sandbox-only endpoint through which simulated kubelets write logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bevel_tui.sandbox.apiserver.errors import Refusal, bad_request, method_not_allowed, no_such_path, not_found
from bevel_tui.sandbox.apiserver.logs import render, select

if TYPE_CHECKING:
    from aiohttp import web

    from bevel_tui.sandbox.apiserver.cluster import SimulatedCluster
    from bevel_tui.sandbox.apiserver.store import Object


def _container(pod: Object, asked: str | None) -> str:
    """The container that a request means. Raises Refusal(400), worded as Kubernetes does."""
    name, spec = pod["metadata"]["name"], pod.get("spec") or {}
    mains = [c["name"] for c in spec.get("containers") or ()]
    inits = [c["name"] for c in spec.get("initContainers") or ()]
    if asked:
        if asked not in mains + inits:
            raise bad_request(f"container {asked} is not valid for pod {name}")
        return asked
    if len(mains) == 1:
        return str(mains[0])
    extra = f" or one of the init containers: [{' '.join(inits)}]" if inits else ""
    raise bad_request(f"a container name must be specified for pod {name}, choose one of: [{' '.join(mains)}]{extra}")


def _status(pod: Object, container: str) -> Any:
    status = pod.get("status") or {}
    for group in ("containerStatuses", "initContainerStatuses"):
        for entry in status.get(group) or ():
            if entry.get("name") == container:
                return entry
    return None


async def pod_log(cluster: SimulatedCluster, request: web.BaseRequest, pod: Object) -> web.StreamResponse:
    """Answer pods/log: tailLines, since*, timestamps, previous and follow. Raises Refusal(400)."""
    from aiohttp import web

    query = request.query
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    container = _container(pod, query.get("container"))
    status = _status(pod, container)
    previous = query.get("previous") in {"true", "1"}
    log = cluster.logs.get(namespace, name, container, previous=previous)
    if previous and log is None:
        raise bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
    if log is None and not previous:
        state = (status or {}).get("state") or {}
        waiting = state.get("waiting")
        if not pod.get("spec", {}).get("nodeName"):
            raise bad_request(f"pod {name} does not have a host assigned")
        if waiting or status is None:
            why = (waiting or {}).get("reason") or "ContainerCreating"
            raise bad_request(f'container "{container}" in pod "{name}" is waiting to start: {why}')
    timestamps = query.get("timestamps") in {"true", "1"}
    lines = select(list(log.lines), query) if log else []
    body = b"".join(render(line, timestamps=timestamps) for line in lines)
    if query.get("limitBytes"):
        body = body[: int(query["limitBytes"])]
    if query.get("follow") not in {"true", "1"} or previous:
        return web.Response(body=body, headers={"Content-Type": "text/plain"})
    log = log or cluster.logs.present(namespace, name, container)
    seen = log.total
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    try:
        await response.prepare(request)
        if body:
            await response.write(body)
        async for line in log.follow(seen):
            await response.write(render(line, timestamps=timestamps))
        await response.write_eof()
    except ConnectionError:
        pass  # the reader went
    return response


async def write_log(cluster: SimulatedCluster, request: web.BaseRequest, parts: list[str]) -> web.Response:
    """``POST /bevel-tui/logs/{namespace}/{pod}/{container}`` with lines of text appends, ``PUT`` begins a new log
    (what there was becomes the previous one); ``?end=true`` says that the container ended. Raises Refusal(404, 405)."""
    from aiohttp import web

    if len(parts) != 3:
        raise no_such_path()
    if request.method not in {"POST", "PUT"}:
        raise method_not_allowed()
    namespace, pod, container = parts
    found = cluster.store.get("pods", namespace, pod)
    if found is None:
        raise not_found("pods", "", pod)
    text = (await request.content.read()).decode(errors="replace")
    if not text and request.query.get("end") is None and request.method == "POST":
        raise Refusal(400, "there is nothing to append")
    if request.method == "PUT":
        cluster.logs.restart(namespace, pod, container)
    if text:
        previous = request.query.get("previous") == "true"
        cluster.logs.append(namespace, pod, container, text, previous=previous)
    if request.query.get("end") == "true":
        cluster.logs.finish(namespace, pod, container)
    return web.Response(status=204)
