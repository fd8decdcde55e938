"""Faults from inside a daemon under test, which Python loads this into when it stands in PYTHONPATH. 故障注入

A line in the named pipe ``FEP_TEST_FAULTS`` is an order: ``block SECONDS`` holds up the event loop, ``resolve SECONDS``
makes each look-up of a host name take so long from then on. The product knows nothing of it.
"""

import os
import socket
import threading
import time
from typing import Any

_resolve = socket.getaddrinfo
_resolve_s = 0.0


def _slow_resolve(*args: Any, **kwargs: Any) -> Any:
    began = time.monotonic()
    while time.monotonic() < began + _resolve_s:  # which an order may shorten
        time.sleep(0.05)
    return _resolve(*args, **kwargs)


def _obey(order: str, seconds: float) -> None:
    global _resolve_s  # noqa: PLW0603 - of the process
    if order == "block":
        from twisted.internet import reactor

        reactor.callFromThread(time.sleep, seconds)  # type: ignore[attr-defined]
    else:
        _resolve_s = seconds
        socket.getaddrinfo = _slow_resolve


def _serve(path: str) -> None:
    while True:
        with open(path, encoding="ascii") as orders:
            for line in orders:
                order, seconds = line.split()
                _obey(order, float(seconds))


if "FEP_TEST_FAULTS" in os.environ:
    threading.Thread(target=_serve, args=(os.environ["FEP_TEST_FAULTS"],), daemon=True).start()
