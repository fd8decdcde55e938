"""``fep report`` 报表: the audit jobs of the utility; ``scripts/day_report`` and the others call these."""

from fep.command_line import Group
from fep.language import Text

report = Group(
    "report",
    text=Text(
        "Reports for auditors: as tables, CSV and XLSX.\n\nThey only read, and may run while the daemons work.",
        "审计报表: 屏幕表格、CSV 和 XLSX。\n\n只读数据库, 可在前置机运行时执行。",
    ),
    no_args_is_help=True,
    modules={
        "day": "fep.commands.reports.day:day",
        "month": "fep.commands.reports.month:month",
        "arrears": "fep.commands.reports.arrears:arrears",
        "statistics": "fep.commands.reports.statistics:statistics",
        "doubtful": "fep.commands.reports.doubtful:doubtful",
    },
)
