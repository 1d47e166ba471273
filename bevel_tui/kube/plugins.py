"""Credential plugins of a kubeconfig (`exec`): run without the terminal, or with it where a person must log in.

The official client hands its own terminal to every plugin, where a full-screen program would lose its keys to it, and
knows neither `interactiveMode` nor `provideClusterInfo` (client-go: tools/clientcmd, exec credential plugins).
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from bevel_tui.records.errors import BevelError, Code

#: seconds that a plugin may take without a terminal
PATIENCE = 30.0
_RELOGIN = "Log in again with its tool (aws sso login, gcloud auth login, az login...)."

#: what a person logged in to in this process: credentials by the plugin's words, until they expire
_kept: dict[str, Mapping[str, Any]] = {}
_taken = False


@contextlib.contextmanager
def terminal_taken() -> Iterator[None]:
    """While this holds somebody else owns the terminal (a full-screen program): plugins get none of it."""
    global _taken  # noqa: PLW0603 - there is one terminal
    before, _taken = _taken, True
    try:
        yield
    finally:
        _taken = before


def mode(config: Mapping[str, Any]) -> Literal["Never", "IfAvailable", "Always"]:
    """The plugin's `interactiveMode`; v1beta1 may leave it out and means IfAvailable."""
    said = config.get("interactiveMode")
    return said if said in ("Never", "Always") else "IfAvailable"


def needs_terminal(config: Mapping[str, Any]) -> bool:
    """Whether the plugin cannot be asked without a person at a terminal, and nobody has logged in yet."""
    return mode(config) == "Always" and _remembered(config) is None


async def credential(config: Mapping[str, Any], cluster: Mapping[str, Any], *, terminal: bool = False) -> Any:
    """The `status` of the plugin's ExecCredential. With `terminal` it gets ours, and what it says is kept.

    Raises BevelError(ACCESS_DENIED).
    """
    kept = _remembered(config)
    if kept is not None and not terminal:
        return kept
    free = terminal or (not _taken and sys.stdin is not None and sys.stdin.isatty())
    if mode(config) == "Always" and not free:
        raise BevelError(
            Code.ACCESS_DENIED,
            f"The credential plugin {config['command']!r} needs a terminal to log in.",
            remedy="Log in from the list of clusters, or run it on a terminal once.",
        )
    status = await _run(config, cluster, interactive=free and mode(config) != "Never")
    if terminal:
        _kept[_key(config)] = status
    return status


def forget(config: Mapping[str, Any]) -> None:
    """What a person logged in to was refused: the plugin is to be asked again."""
    _kept.pop(_key(config), None)


def _key(config: Mapping[str, Any]) -> str:
    return json.dumps([config.get("command"), config.get("args"), config.get("env")], default=str)


def _remembered(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    kept = _kept.get(_key(config))
    if kept is None:
        return None
    until = kept.get("expirationTimestamp")
    if until:
        with contextlib.suppress(ValueError):
            if datetime.datetime.fromisoformat(str(until)) <= datetime.datetime.now(datetime.UTC):
                del _kept[_key(config)]
                return None
    return kept


async def _run(config: Mapping[str, Any], cluster: Mapping[str, Any], *, interactive: bool) -> Any:
    command = str(config["command"])
    try:
        process = await asyncio.create_subprocess_exec(
            command,
            *map(str, config.get("args") or ()),
            env=_environment(config, cluster, interactive),
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # with a person there its questions and codes must be seen
            stderr=None if interactive else subprocess.PIPE,
            # without one it must not find the terminal behind our back
            start_new_session=not interactive,
        )
    except FileNotFoundError:
        raise BevelError(
            Code.ACCESS_DENIED,
            f"The credential plugin {command!r} of the kubeconfig is not installed.",
            remedy=config.get("installHint") or f"Install {command} and make sure that it is on PATH.",
        ) from None
    except OSError as error:
        raise _failed(command, str(error)) from None
    try:
        async with asyncio.timeout(None if interactive else PATIENCE):
            output, errors = await process.communicate()
    except TimeoutError:
        raise _failed(command, f"it said nothing for {PATIENCE:.0f} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        words = (errors or b"").decode(errors="replace").strip() or f"it ended with code {process.returncode}"
        raise _failed(command, words[-500:])
    return _status(command, output, str(config.get("apiVersion")))


def _environment(config: Mapping[str, Any], cluster: Mapping[str, Any], interactive: bool) -> dict[str, str]:
    spec: dict[str, Any] = {"interactive": interactive}
    if config.get("provideClusterInfo"):
        spec["cluster"] = dict(cluster)
    info = {"apiVersion": config.get("apiVersion"), "kind": "ExecCredential", "spec": spec}
    own = {str(item["name"]): str(item["value"]) for item in config.get("env") or ()}
    return {**os.environ, **own, "KUBERNETES_EXEC_INFO": json.dumps(info)}


def _status(command: str, output: bytes, version: str) -> Any:
    try:
        document = json.loads(output)
        status = document["status"]
        if document["apiVersion"] != version:
            raise _failed(command, f"it answers in {document['apiVersion']}, the kubeconfig asks for {version}")
        if not isinstance(status, dict):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise _failed(command, "what it writes is no ExecCredential") from None
    return status


def _failed(command: str, words: str) -> BevelError:
    return BevelError(
        Code.ACCESS_DENIED,
        f"The credential plugin {command!r} of the kubeconfig failed.",
        details=(words,),
        remedy=_RELOGIN,
    )
