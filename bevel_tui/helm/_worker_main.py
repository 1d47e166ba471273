"""The worker's process: one operation with the Helm SDK, then the end. Run as a file, never imported by bevel-tui.

It reads one JSON request from stdin's first line and writes one JSON reply to stdout. A further line, or the end of
stdin (its parent died), cancels. It leaves by os._exit as soon as the call has returned: after a cancelled call the
SDK's goroutine would go on applying objects (engineering notes 1.4). Nothing heavy is imported, nothing of bevel-tui.

Options go through the SDK's private call, since its Python arguments cover only a part of them; unknown keys are
refused there (engineering notes 1.3; helm-c 0.2.2, pkg/wrapper/{install,upgrade,release_actions}.go).
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any, NoReturn


def main() -> NoReturn:
    """Serve one request."""
    # Whatever Go or C print must not end up in the reply.
    reply_to = os.dup(1)
    os.dup2(2, 1)
    request = json.loads(sys.stdin.readline())
    try:
        reply = _serve(request)
    except Exception as error:
        reply = {"ok": False, "kind": type(error).__name__, "error": str(error), "code": getattr(error, "code", None)}
    data = json.dumps(reply).encode() + b"\n"
    while data:
        data = data[os.write(reply_to, data) :]
    os._exit(0)


def _serve(request: dict[str, Any]) -> dict[str, Any]:
    import helm_python
    from helm_python import _native

    _log_to_stderr(_native)
    if request["verb"] == "render":
        return {"ok": True, "manifest": _render(helm_python, request)}
    config = helm_python.Config(
        kubeconfig_path=request["kubeconfig"], kube_context=request["context"], namespace=request["namespace"]
    )
    context = helm_python.HelmContext()
    cancelled = threading.Event()
    _listen(context, cancelled)
    try:
        revision = _operate(_native, config, context, request)
    except helm_python.HelmNotFoundError:
        if request["verb"] != "uninstall":
            raise
        revision = None
    except helm_python.HelmError as error:
        if cancelled.is_set():
            return {"ok": False, "cancelled": True, "error": str(error)}
        raise
    return {"ok": True, "revision": revision}


def _operate(native: Any, config: Any, context: Any, request: dict[str, Any]) -> int | None:
    verb, release = request["verb"], request["release"]
    options: dict[str, Any] = {
        "timeout_seconds": request["hook_timeout"],
        "wait": "hookOnly",
        "disable_hooks": not request["keep_hooks"],
    }
    if verb in {"install", "upgrade"}:
        if request["labels"]:
            options["labels"] = request["labels"]
        answer = native.call_string(
            f"helm_{verb}",
            config._raw(),
            context._raw(),
            native.HANDLE(0),
            request["chart"],
            release,
            json.dumps(request["values"]),
            json.dumps({"namespace": request["namespace"], "hide_notes": True, **options}),
        )
        return int(json.loads(answer)["revision"])
    if verb == "uninstall":
        options |= {"ignore_not_found": True, "deletion_propagation": "background"}
        native.call_string("helm_uninstall", config._raw(), release, json.dumps(options))
        return None
    if request["revision"] is not None:
        options["version"] = request["revision"]
    native.call_status("helm_rollback", config._raw(), release, json.dumps(options))
    answer = native.call_string("helm_status", config._raw(), release, None)
    return int(json.loads(answer)["revision"])


def _render(helm_python: Any, request: dict[str, Any]) -> str:
    """All templates and CRDs as one stream of documents, each with its source as `helm template` writes it."""
    chart = helm_python.Chart.load(request["chart"])
    upgrade = request["upgrade"]
    rendered = chart.render(
        request["values"],
        name=request["release"],
        namespace=request["namespace"],
        is_install=not upgrade,
        is_upgrade=upgrade,
    )
    documents = [(crd["name"], crd["data"]) for crd in chart.crds]
    documents += [
        (path, text)
        for path, text in sorted(rendered.items())
        if not path.endswith("NOTES.txt") and not path.rpartition("/")[2].startswith("_")
    ]
    return "".join(f"---\n# Source: {path}\n{text}\n" for path, text in documents if text.strip())


def _listen(context: Any, cancelled: threading.Event) -> None:
    """Cancel when stdin says so, or ends."""

    def wait() -> None:
        sys.stdin.readline()
        cancelled.set()
        context.cancel()

    threading.Thread(target=wait, daemon=True).start()


def _log_to_stderr(native: Any) -> None:
    """Warnings of the SDK as lines of stderr, in the shape of Helm's own."""

    def write(level: int, message: bytes | None, _: Any) -> None:
        text = (message or b"").decode(errors="replace")
        name = "ERROR" if level > 2 else "WARN"
        os.write(2, f"level={name} msg={json.dumps(text, ensure_ascii=False)}\n".encode())

    # Kept referenced: the library holds the bare pointer until the process ends.
    _log_to_stderr.callback = native.LOG_CALLBACK(write)  # type: ignore[attr-defined]
    native.call_status_no_error_out("helm_set_log_handler", _log_to_stderr.callback, None, 2)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
