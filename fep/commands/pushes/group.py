"""``fep push`` 实时划拨: what has become of the bills that are pushed to banks."""

from fep.command_line import Group
from fep.language import Text

push = Group(
    "push",
    text=Text("Show the bills that are pushed to banks.", "查看向银行实时划拨的应收。"),
    no_args_is_help=True,
    modules={"list": "fep.commands.pushes.listed:list_pushes"},
)
