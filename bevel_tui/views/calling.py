"""How an endpoint is called from a shell: one line per endpoint, made of its address and its platform. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from bevel_tui.records.events import EndpointSummary

#: a question that every node of a platform answers without changing anything
_RPC = {
    "besu": ("eth_blockNumber", "[]"),
    "quorum": ("eth_blockNumber", "[]"),
    "substrate": ("system_health", "[]"),
}


def call(endpoint: EndpointSummary, platform: str) -> str:
    """A command that shows that the endpoint answers; only tools that most machines have."""
    if "://" not in endpoint.url:  # TLS that the gateway passes through
        return f"openssl s_client -connect {endpoint.url} -servername {endpoint.url.rpartition(':')[0]} </dev/null"
    address = urlsplit(endpoint.url)
    host, port = address.hostname or "", address.port
    if address.scheme in ("http", "https") and platform in _RPC:
        method, params = _RPC[platform]
        body = f'{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}'
        return f"curl -sS {endpoint.url} -H 'Content-Type: application/json' -d '{body}'"
    if address.scheme in ("http", "https"):
        return f"curl -sS {endpoint.url}"
    if address.scheme in ("ws", "wss"):
        web = endpoint.url.replace("ws", "http", 1)
        return f"curl -sSi -N {web} -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='"
    if address.scheme in ("grpcs", "tls", "ssl"):
        return f"openssl s_client -connect {host}:{port or 443} -servername {host} </dev/null"
    return f"nc -vz {host} {port or 80}"
