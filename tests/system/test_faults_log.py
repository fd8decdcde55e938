"""Nobody takes the log any more: banks are served, the service manager is told why it is silent. 日志中断"""

import os
import socket
from pathlib import Path

from tests.system.messages import DEPOSIT, PAY, pay
from tests.system.test_service_manager import WAIT_S, told


def test_a_reader_of_the_log_that_has_gone(fresh_site, tmp_path):
    """A broken pipe costs no payment, and the daemon ends in order."""
    daemon, account = fresh_site.daemon, fresh_site.take("empty")
    reader, writer = os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(WAIT_S)
        daemon.notify_socket = tmp_path / "notify"
        daemon.log_path = Path(f"/proc/self/fd/{writer}")
        daemon.start()
        os.close(writer)
        os.close(reader)

        bank = fresh_site.bank()
        codes = [bank.request(PAY, pay(account.account_no, 100, DEPOSIT)).code for _ in range(20)]
        told(manager, b"STATUS=the log cannot be written: Broken pipe")

        assert codes == ["0000"] * 20
        fresh_site.hang_up()
        assert daemon.stop() == 0
