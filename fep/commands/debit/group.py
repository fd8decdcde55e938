"""``fep debit`` 代扣: mandates, and batches of bills that banks debit from their customers' accounts."""

from fep.command_line import Group
from fep.language import Text

debit = Group(
    "debit",
    text=Text(
        "Debit mandates and debit batches: lists out, results back.\n\ndocs/debit.md has the whole of it.",
        "代扣协议与代扣批次: 出盘、回盘。\n\n详见 docs/debit.zh-CN.md。",
    ),
    no_args_is_help=True,
    modules={
        "mandates": "fep.commands.debit.mandates:mandates",
        "export": "fep.commands.debit.exporting:export",
        "import": "fep.commands.debit.importing:import_results",
        "list": "fep.commands.debit.listed:list_batches",
        "show": "fep.commands.debit.shown:show",
        "release": "fep.commands.debit.released:release",
        "approve": "fep.commands.debit.approved:approve",
    },
)
