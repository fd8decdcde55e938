"""``fep partner`` 对端: what banks are told that the FEP connects to."""

from fep.command_line import Group
from fep.language import Text

partner = Group(
    "partner",
    text=Text("Tell banks that the FEP connects to.", "向前置机所连接的银行发送通知。"),
    no_args_is_help=True,
    modules={"notify": "fep.commands.partner.notified:notify_bank"},
)
