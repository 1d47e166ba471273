"""From a kubeconfig context to a TLS context and headers, with the official client's loader doing the work.

The loader knows exec plugins, OIDC and token files. It wants certificates as files: they live in a private
directory for as long as it takes to read them, and are gone before the first request.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import copy
import shlex
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bevel_tui.kube import plugins
from bevel_tui.kube.contexts import Kubeconfig
from bevel_tui.records.errors import BevelError, Code

_FILE_KEYS = {
    "cluster": {"certificate-authority-data": "certificate-authority"},
    "user": {"client-certificate-data": "client-certificate", "client-key-data": "client-key"},
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a connection needs. `authorization` is the header's value, or None; `tls` None for plain http."""

    server: str
    tls: ssl.SSLContext | None
    server_name: str | None
    proxy: str | None
    authorization: str | None
    #: whether a client certificate is part of `tls`
    certificate: bool
    #: headers that say as whom the user acts, as kubectl sends them
    acting: tuple[tuple[str, str], ...] = ()


async def load(kubeconfig: Kubeconfig, context: str) -> Credentials:
    """Credentials of a context; runs its exec plugin when it has one.

    Raises BevelError(CONTEXT_UNKNOWN), or BevelError(KUBECONFIG) when the entry is broken, or
    BevelError(ACCESS_DENIED) when the exec plugin fails.
    """
    document = _alone(kubeconfig, context)
    with tempfile.TemporaryDirectory(prefix="bevel-tui-") as folder:  # mkdtemp: 0700
        _spill(document, Path(folder), context)
        return await _load(document, context, folder)


async def _load(document: dict[str, Any], context: str, folder: str) -> Credentials:
    from kubernetes.aio.client.configuration import Configuration  # 0.28 s: only when a cluster is used
    from kubernetes.aio.client.rest import RESTClientObject
    from kubernetes.aio.config.config_exception import ConfigException

    loader = _loader(document, context, folder)
    configuration = Configuration()
    try:
        await loader.load_and_set(configuration)
        tls = (
            await asyncio.to_thread(lambda: RESTClientObject(configuration).ssl_context)
            if configuration.host.startswith("https")
            else None
        )
    except (ConfigException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BevelError(
            Code.KUBECONFIG, f"The kubeconfig entry of context {context!r} cannot be used: {error}."
        ) from None
    return Credentials(
        server=configuration.host,
        tls=tls,
        server_name=configuration.tls_server_name,
        proxy=configuration.proxy,
        authorization=configuration.api_key.get("BearerToken"),
        certificate=bool(configuration.cert_file),
        acting=_acting(document["users"][0]["user"], context),
    )


def _acting(user: dict[str, Any], context: str) -> tuple[tuple[str, str], ...]:
    """Whom the entry impersonates (client-go, transport/round_trippers.go); the official loader does not read it.

    Raises BevelError(KUBECONFIG): acting as somebody with more rights than was meant is worse than not acting.
    """
    name, groups, extra = user.get("as"), user.get("as-groups") or [], user.get("as-user-extra") or {}
    lists = [groups, *(extra.values() if isinstance(extra, dict) else [None])]
    if not all(isinstance(several, list) for several in lists) or (
        (groups or extra or user.get("as-uid")) and not name
    ):
        raise BevelError(
            Code.KUBECONFIG,
            f"The kubeconfig entry of context {context!r} says as whom to act in a way that cannot be understood.",
            remedy="`as` is a name, `as-groups` a list, `as-user-extra` lists by key; the others need `as`.",
        )
    headers = [("Impersonate-User", name), ("Impersonate-Uid", user.get("as-uid"))]
    headers += [("Impersonate-Group", group) for group in groups]
    headers += [
        (f"Impersonate-Extra-{quote(str(key), safe='')}", value) for key, values in extra.items() for value in values
    ]
    return tuple((header, str(value)) for header, value in headers if value)


def _loader(document: dict[str, Any], context: str, folder: str) -> Any:
    from kubernetes.aio.config.kube_config import KubeConfigLoader

    class Loader(KubeConfigLoader):
        """The official loader with our way of running plugins: a failing one is an error, none gets our terminal
        unasked."""

        async def load_from_exec_plugin(self) -> bool:
            user = document["users"][0]["user"]
            status = await plugins.credential(user["exec"], document["clusters"][0]["cluster"])
            if "token" in status:
                self.token = f"Bearer {status['token']}"
            if "clientCertificateData" in status:
                self.cert_file = _private_file(Path(folder), "plugin.crt", status["clientCertificateData"].encode())
                self.key_file = _private_file(Path(folder), "plugin.key", status["clientKeyData"].encode())
            return True

    return Loader(  # type: ignore[no-untyped-call]
        document, active_context=context, temp_file_path=folder
    )


async def log_in(kubeconfig: Kubeconfig, context: str) -> None:
    """Run the context's credential plugin with our terminal, so that a person can log in; the answer is kept for this
    process. Nothing happens without a plugin.

    Raises BevelError(ACCESS_DENIED) when it fails, BevelError(CONTEXT_UNKNOWN), BevelError(KUBECONFIG).
    """
    plugin = plugin_of(kubeconfig, context)
    if plugin:
        await plugins.credential(plugin, _alone(kubeconfig, context)["clusters"][0]["cluster"], terminal=True)


def plugin_of(kubeconfig: Kubeconfig, context: str) -> dict[str, Any] | None:
    """The `exec` section of the context's user, or None. Raises BevelError(CONTEXT_UNKNOWN)."""
    users = kubeconfig.only(context).document["users"]
    found = users[0]["user"].get("exec") if users else None
    return found if isinstance(found, dict) else None


def _private_file(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.touch(0o600)
    path.write_bytes(content)
    return str(path)


def _alone(kubeconfig: Kubeconfig, context: str) -> dict[str, Any]:
    """A document of our own with one context (a broken neighbour must not matter), and what it names.

    Raises BevelError(CONTEXT_UNKNOWN), BevelError(KUBECONFIG) when it names what is not there.
    """
    if lacking := kubeconfig.lacks(kubeconfig.context(context)):
        raise BevelError(
            Code.KUBECONFIG,
            f"The context {context!r} names {lacking}.",
            remedy="Put it into the kubeconfig, or correct the context: "
            f"kubectl config set-context {shlex.quote(context)} --cluster=... --user=...",
        )
    document = copy.deepcopy(kubeconfig.only(context).document)
    document["current-context"] = context
    if not document["users"]:  # nobody in particular, as through `kubectl proxy`; the loader wants somebody
        document["contexts"][0]["context"]["user"] = "nobody"
        document["users"] = [{"name": "nobody", "user": {}}]
    return document


def _spill(document: dict[str, Any], folder: Path, context: str) -> None:
    """Write inline certificates into private files, as ssl.SSLContext.load_cert_chain wants them."""
    for section, body in (("clusters", "cluster"), ("users", "user")):
        for entry in document[section]:
            for data_key, file_key in _FILE_KEYS[body].items():
                encoded = entry[body].pop(data_key, None)
                if encoded is None:
                    continue
                try:
                    content = base64.b64decode(encoded, validate=True)
                except (binascii.Error, TypeError, ValueError):
                    raise BevelError(
                        Code.KUBECONFIG, f"The kubeconfig entry of context {context!r} holds no base64 in {data_key}."
                    ) from None
                entry[body][file_key] = _private_file(folder, f"{body}-{file_key}", content)
