"""``fep recon`` 对账: the bank's file of a clearing date against the journal, and what becomes of the differences."""

from fep.command_line import Group
from fep.language import Text

recon = Group(
    "recon",
    text=Text(
        "Reconcile clearing dates with the banks' files, and work the differences.",
        "按银行文件核对清算日期, 并处理差异。",
    ),
    no_args_is_help=True,
    modules={
        "run": "fep.commands.recon.run:run",
        "list": "fep.commands.recon.listed:list_differences",
        "show": "fep.commands.recon.shown:show",
        "post": "fep.commands.recon.proposing:post",
        "refund": "fep.commands.recon.proposing:refund",
        "undo": "fep.commands.recon.proposing:undo",
        "claim": "fep.commands.recon.proposing:claim",
        "close": "fep.commands.recon.proposing:close",
        "approve": "fep.commands.recon.approving:approve",
        "reject": "fep.commands.recon.rejecting:reject",
    },
)
