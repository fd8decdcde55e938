"""The metrics server answers over HTTP, whatever its clients do."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus

import pytest

from fep.config.settings import Address
from fep.metrics.server import CLIENTS_MAX, MetricsServer, Page, json_page


def fail(_accept: str) -> Page:
    raise ValueError("a bug")


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    pages = {
        "/metrics": lambda accept: Page(HTTPStatus.OK, "text/plain", f"a {accept}\n".encode()),
        "/ready": lambda _: json_page(HTTPStatus.SERVICE_UNAVAILABLE, {"ready": False}),
        "/broken": fail,
    }
    server = MetricsServer(Address("127.0.0.1", 0), pages)
    server.start()
    yield server
    server.close()


def got(server: MetricsServer, path: str, method: str = "GET", **headers: str) -> tuple[int, str, bytes]:
    request = urllib.request.Request(f"http://{server.address}{path}", method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.status, reply.headers["Content-Type"], reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def test_a_page_is_served_with_its_type(server):
    """What the client accepts is handed on; a query string does not matter; HEAD has no content."""
    assert got(server, "/metrics", Accept="x") == (200, "text/plain", b"a x\n")
    assert got(server, "/metrics?name=up", Accept="x")[0] == 200
    assert got(server, "/metrics", "HEAD") == (200, "text/plain", b"")


def test_the_next_daemon_is_served_at_once(server):
    """What the system remembers of a client that was answered does not keep an address from being taken again."""
    for _ in range(3):
        assert got(server, "/metrics")[0] == 200
    server.close()
    following = MetricsServer(server.address, {})
    following.start()
    following.close()


def test_the_status_tells_a_balancer_what_it_needs(server):
    """503 is what a load balancer takes for an answer."""
    assert got(server, "/ready")[0] == 503


def test_an_unknown_page_lists_the_others(server):
    """A mistyped address helps itself."""
    status, _, content = got(server, "/metric")
    assert status == 404
    assert json.loads(content)["pages"] == ["/broken", "/metrics", "/ready"]


def test_a_bug_is_told_to_the_scraper_and_ends_nothing(server, logs):
    """It is answered 500 without a word of what failed, and the next one is served."""
    status, _, content = got(server, "/broken")
    assert (status, json.loads(content)) == (500, {"error": "see the daemon's log"})
    assert [event["event"] for event in logs] == ["metrics_failed"]
    assert got(server, "/metrics")[0] == 200


def test_clients_that_hang_take_the_places_there_are_and_no_more(server):
    """One too many is closed unanswered; when one goes, there is room again."""
    host, port = server.address.host, server.address.port
    hanging = [socket.create_connection((host, port), timeout=5) for _ in range(CLIENTS_MAX)]
    with socket.create_connection((host, port), timeout=5) as late:
        late.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        with suppress(ConnectionResetError):
            assert late.recv(100) == b""
    for client in hanging:
        client.sendall(b"GET /ready HTTP/1.0\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.0 503"
        client.close()


def test_an_address_that_is_taken_is_named(server):
    """The operator is told what of his configuration it is about."""
    with pytest.raises(OSError, match=f"metrics cannot be served on {server.address}: Address already in use"):
        MetricsServer(server.address, {})


def test_who_is_answered_makes_room(server):
    """Places are free again after each answer, however many come one after the other."""
    assert [got(server, "/metrics")[0] for _ in range(CLIENTS_MAX + 2)] == [200] * (CLIENTS_MAX + 2)
