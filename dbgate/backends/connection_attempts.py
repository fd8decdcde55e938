"""Connection attempts 连接尝试: a connect that ends in time, for drivers that cannot bound all of it themselves.

python-oracledb bounds the TCP connect, then waits for ever for a listener that has accepted and says nothing;
cx_Oracle does as a ``sqlnet.ora`` says, or does not say.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from dbgate.errors import DatabaseUnavailable


class ConnectionAttempts:
    """Connects in a thread beside the caller's, which waits no longer than ``timeout_s``.

    An attempt cannot be called off. So each calling thread has one at most: while its former attempt has not ended it
    waits for that one again instead of leaving a further one behind.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._of_thread = threading.local()

    def connect(self, connect: Callable[[], Any]) -> Any:
        """Return what ``connect`` returns, or raise what it raises.

        Raises:
            DatabaseUnavailable: there is no outcome yet, or no thread to be had.
        """
        attempt: Future[Any] | None = getattr(self._of_thread, "attempt", None)
        if attempt is None:
            attempt = self._of_thread.attempt = _begin(connect)
        try:
            attempt.exception(self._timeout_s)
        except TimeoutError:
            raise DatabaseUnavailable(f"cannot connect: no answer within {self._timeout_s:g} s") from None
        self._of_thread.attempt = None
        return attempt.result()


def _begin(connect: Callable[[], Any]) -> "Future[Any]":
    attempt: Future[Any] = Future()

    def _run() -> None:
        try:
            attempt.set_result(connect())
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised in the thread that waits
            attempt.set_exception(error)

    try:
        threading.Thread(target=_run, name="connection-attempt", daemon=True).start()
    except RuntimeError:  # the system has none left
        raise DatabaseUnavailable("cannot connect: no thread can be started") from None
    return attempt
