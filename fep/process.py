"""Process 进程: what ``fep run`` makes of it before there is a daemon, and how it ends."""

import faulthandler
import gc
import os
import resource
import sys
from functools import partial

import structlog
from twisted.internet.base import ReactorBase
from twisted.internet.error import CannotListenError

from crypto.errors import CryptoError
from dbgate.errors import GateError
from fep.clock import SteadyClock
from fep.config.settings import Settings
from fep.core_dumps import forbid_core_dumps
from fep.daemon import Daemon
from fep.descriptors import RESERVE
from fep.ending import Ending
from fep.exits import EXIT_CANNOT_RUN
from fep.log_setup import set_up_logging
from fep.log_writer import LogWriter
from fep.service_manager import ALONE, ServiceManager
from fep.unforeseen import log_unforeseen

COLLECTED_OBJECTS = 50_000
"""New objects between two rounds of the garbage collector. Answered requests leave it nothing, so at full load it only
looks at the requests in work, some twenty-five objects each; this many are in all that may wait. What cycles there are,
of connections that were closed, are a few MB by then."""

_log = structlog.get_logger()


def run(settings: Settings, manager: ServiceManager = ALONE) -> int:
    """Run the daemon in the foreground until SIGTERM or SIGINT; return the exit code."""
    stream = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - for the life of the process
    writer = LogWriter(stream, partial(_tell_of_log, manager))
    limit = _raise_file_limit()
    if sys.stderr is not None:
        # A watchdog ends a process that hangs by SIGABRT: where each of its threads stood is then on stderr.
        faulthandler.enable()
    forbid_core_dumps()
    set_up_logging(settings.log.level, settings.log.format, writer)
    log_unforeseen()
    wanted = settings.listener.connections_max + RESERVE
    if limit < wanted:
        _log.warning("file_limit_low", limit=limit, wanted=wanted)
    try:
        return _run(settings, manager, Ending(partial(_end_at_once, writer)))
    finally:
        writer.close()


def _end_at_once(writer: LogWriter, exit_code: int) -> None:
    """End with the log written out; whatever hangs is not waited for."""
    writer.close()
    os._exit(exit_code)


def _run(settings: Settings, manager: ServiceManager, ending: Ending) -> int:
    from twisted.internet import reactor

    assert isinstance(reactor, ReactorBase)
    reactor.seconds = SteadyClock().seconds  # its own go back when the clock is set, and every wait with them
    daemon = None
    try:
        daemon = Daemon(settings, reactor, manager, ending)
        daemon.start()
    except (CryptoError, GateError, CannotListenError, OSError) as error:
        _log.error("start_failed", reason=_reason(error))
        if daemon is not None:
            daemon.release()
        return EXIT_CANNOT_RUN
    _settle_memory()
    reactor.callWhenRunning(manager.ready)
    reactor.run(installSignalHandlers=False)
    ending.over()
    return daemon.exit_code


def _tell_of_log(manager: ServiceManager, trouble: str) -> None:
    """Let whoever looks at the service see why its log is silent."""
    manager.status(f"the log cannot be written: {trouble}" if trouble else "")


def _raise_file_limit() -> int:
    """Use all the file descriptors that the system grants, as each connection takes one, and return how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


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
