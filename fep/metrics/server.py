"""Metrics server 监控端口: ``/metrics``, ``/health`` and ``/ready`` over HTTP, on threads of their own.

The event loop serves banks and nobody else: a scraper that hangs, and a loop that hangs, do not hold each other up.
There is no login: bind it to the loopback or to the management network. What it tells are numbers, never a customer's
data.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from typing import Any, NamedTuple

import structlog

from fep.config.settings import Address

CLIENT_TIMEOUT_S = 5.0
"""A request is one line and is sent at once."""

CLIENTS_MAX = 8
"""Scrapers and balancers at a time: two of each. More are closed unanswered, so that nobody piles up threads."""

_POLL_S = 0.1
"""How long an ending server takes to notice."""

_log = structlog.get_logger()


class Page(NamedTuple):
    """What one path answers."""

    status: HTTPStatus
    content_type: str
    content: bytes


Pages = Mapping[str, Callable[[str], Page]]
"""By path; called with the client's ``Accept`` header, in a thread."""


def json_page(status: HTTPStatus, value: dict[str, Any]) -> Page:
    """Return a page that is one JSON object."""
    return Page(status, "application/json; charset=utf-8", json.dumps(value, ensure_ascii=False).encode() + b"\n")


class MetricsServer:
    """Serves ``pages`` from ``start`` until ``close``.

    Raises:
        OSError: the address is taken, or is not this machine's; names it.
    """

    def __init__(self, address: Address, pages: Pages) -> None:
        try:
            self._server = _Server(address, pages)
        except OSError as error:
            reason = f"metrics cannot be served on {address}: {error.strerror or error}"
            raise OSError(reason) from None
        host, port = self._server.server_address[:2]
        self.address = Address(str(host), port)

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), name="metrics", daemon=True).start()

    def close(self) -> None:
        """Answer no more; what is being answered goes on by itself."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: Address, pages: Pages) -> None:
        if ":" in address.host:
            self.address_family = AF_INET6
        self.pages = pages
        self._free = threading.BoundedSemaphore(CLIENTS_MAX)
        super().__init__((address.host, address.port), _Handler)

    def server_bind(self) -> None:
        """Bind without looking up this machine's name, which may take a name server's time.

        What the system still remembers of the last daemon's clients does not keep the next one from starting.
        """
        self.socket.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def get_request(self) -> tuple[socket, Any]:
        """Accept who waits; when there is no file descriptor for him, do not look again at once."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(_POLL_S)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, while there is one to be had."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for the next one."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """Note that a client was not answered; one that goes away is no news."""
        _log.debug("metrics_client_gone")


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "fep"
    sys_version = ""
    timeout = CLIENT_TIMEOUT_S

    def do_GET(self) -> None:
        """Answer with the page of the path."""
        make = self.server.pages.get(self.path.partition("?")[0])
        if make is None:
            page = json_page(HTTPStatus.NOT_FOUND, {"error": "no such page", "pages": sorted(self.server.pages)})
        else:
            try:
                page = make(self.headers.get("Accept", ""))
            except Exception as error:  # noqa: BLE001 - a bug of ours: the scraper is told, and the daemon goes on
                _log.error("metrics_failed", error=error)
                page = json_page(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "see the daemon's log"})
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.content)

    def do_HEAD(self) -> None:
        """Answer likewise, without the content."""
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Say nothing: a scrape every few seconds is no news."""
