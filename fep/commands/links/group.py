"""``fep link`` 连接: what is done to one connection."""

from fep.command_line import Group
from fep.language import Text

link = Group(
    "link",
    text=Text("Close a bank's connection.", "关闭银行的连接。"),
    no_args_is_help=True,
    modules={"close": "fep.commands.links.closing:close"},
)
