"""``fep audit`` 审计: what happened on a day, and whether the books agree with themselves."""

from fep.command_line import Group
from fep.language import Text

audit = Group(
    "audit",
    text=Text(
        "The trail of a day, whether the books agree, and whether the audit log holds.\n\n"
        "They only read, and may run while the daemons work.",
        "审计线索、账务核查与审计日志校验。\n\n只读数据库, 可在前置机运行时执行。",
    ),
    no_args_is_help=True,
    modules={
        "list": "fep.commands.audit.trail:list_trail",
        "log": "fep.commands.audit.logged:list_log",
        "verify": "fep.commands.audit.verified:verify",
        "sums": "fep.commands.audit.sums:sums",
    },
)
