"""``fep bank`` 银行: what is done to one bank in a running daemon."""

from fep.command_line import Group
from fep.language import Text

bank = Group(
    "bank",
    text=Text("Suspend a bank in a running daemon, and resume it.", "在运行中的前置机上暂停、恢复银行业务。"),
    no_args_is_help=True,
    modules={"suspend": "fep.commands.banks.suspending:suspend", "resume": "fep.commands.banks.suspending:resume"},
)
