"""``fep balances`` 预存款: what accounts have paid in advance."""

from fep.command_line import Group
from fep.language import Text

balances = Group(
    "balances",
    text=Text("Balances that accounts have paid in advance.", "户的预存款。"),
    no_args_is_help=True,
    modules={"apply": "fep.commands.balances.apply:apply"},
)
