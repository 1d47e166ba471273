"""An HTTP server on loopback for tests of whoever fetches something."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Answer = tuple[int, dict[str, str], bytes]


class Web:
    """Answers by path; it keeps what it was asked. After so many `answers` it hangs up on whoever asks (None: never)."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | Callable[[dict[str, str]], Answer]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: int | None = None
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                web.asked.append((self.path, headers))
                if web.answers is not None and len(web.asked) > web.answers:
                    self.connection.close()
                    return
                page = web.pages.get(urlsplit(self.path).path, lambda _: (404, {}, b"nothing here"))
                status, more, body = page(headers) if callable(page) else (200, {}, page)
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    def paths(self) -> list[str]:
        """What was asked for, without queries."""
        return [urlsplit(path).path for path, _ in self.asked]

    def close(self) -> None:
        """Nobody listens any more."""
        self.server.shutdown()
        self.server.server_close()
