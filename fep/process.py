"""Process 进程: what ``fep run`` makes of it before there is a daemon, and how it ends."""

import gc
import os
import resource
import sys

import structlog
from twisted.internet.base import ReactorBase
from twisted.internet.error import CannotListenError

from crypto.errors import CryptoError
from dbgate.errors import GateError
from fep.config.settings import Settings
from fep.core_dumps import forbid_core_dumps
from fep.daemon import Daemon
from fep.log_setup import set_up_logging
from fep.log_writer import LogWriter
from fep.service_manager import ALONE, ServiceManager

COLLECTED_OBJECTS = 50_000
"""New objects between two rounds of the garbage collector. Answered requests leave it nothing, so at full load it only
looks at the requests in work, some twenty-five objects each; this many are in all that may wait. What cycles there are,
of connections that were closed, are a few MB by then."""

EXIT_CANNOT_RUN = 3

_log = structlog.get_logger()


def run(settings: Settings, manager: ServiceManager = ALONE) -> int:
    """Run the daemon in the foreground until SIGTERM or SIGINT; return the exit code."""
    writer = LogWriter(sys.stdout or open(os.devnull, "w"))  # noqa: SIM115 - for the life of the process
    _raise_file_limit()
    forbid_core_dumps()
    set_up_logging(settings.log.level, settings.log.format, writer)
    try:
        return _run(settings, manager)
    finally:
        writer.close()


def _run(settings: Settings, manager: ServiceManager) -> int:
    from twisted.internet import reactor

    assert isinstance(reactor, ReactorBase)
    daemon = None
    try:
        daemon = Daemon(settings, reactor, manager)
        daemon.start()
    except (CryptoError, GateError, CannotListenError, OSError) as error:
        _log.error("start_failed", reason=_reason(error))
        if daemon is not None:
            daemon.release()
        return EXIT_CANNOT_RUN
    _settle_memory()
    reactor.callWhenRunning(manager.ready)
    reactor.run(installSignalHandlers=False)
    return EXIT_CANNOT_RUN if daemon.has_failed else 0


def _raise_file_limit() -> None:
    """Use all the file descriptors that the system grants: each connection takes one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _settle_memory() -> None:
    """Take what start-up has made out of the garbage collector's rounds: each of them would look at all of it again,
    for a tenth of a second in which no bank is answered. And let rounds be rare.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_OBJECTS)


def _reason(error: Exception) -> str:
    if isinstance(error, CannotListenError):
        return f"cannot listen on {error.interface or '*'}:{error.port}: {error.socketError}"
    return str(error)
