"""``fep push`` 实时划拨: what has become of the bills that are pushed to banks."""

from fep.command_line import Group
from fep.language import Text

push = Group(
    "push",
    text=Text(
        "Show the bills that are pushed to banks, and work those that are dead.",
        "查看向银行实时划拨的应收, 处理待人工查实的划拨。",
    ),
    no_args_is_help=True,
    modules={
        "list": "fep.commands.pushes.listed:list_pushes",
        "retry": "fep.commands.pushes.working:retry",
        "drop": "fep.commands.pushes.working:drop",
        "approve": "fep.commands.pushes.working:approve",
        "reject": "fep.commands.pushes.working:reject",
    },
)
