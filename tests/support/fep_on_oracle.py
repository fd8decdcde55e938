"""``fep`` whose Oracle is an emulation: ``python -m tests.support.fep_on_oracle run --config …``. 仿真Oracle上的程序"""

import sys

import oracledb

from dbgate.clock import system_clock
from fep.cli import main
from tests.support.oracle_emulation import Emulation

if __name__ == "__main__":
    oracledb.connect = Emulation(clock=system_clock).connect
    sys.exit(main(sys.argv[1:]))
