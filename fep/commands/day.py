"""``fep day`` 清算日: the clearing dates of banks, listed and ended by command."""

from fep.command_line import Group
from fep.language import Text

day = Group(
    "day",
    text=Text("Clearing dates of banks.", "银行的清算日期。"),
    no_args_is_help=True,
    modules={
        "close": "fep.commands.days.close:close",
        "list": "fep.commands.days.listed:list_days",
    },
)
