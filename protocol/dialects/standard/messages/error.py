"""Error reply 错误应答: the body of every reply that is not approved, whatever its transaction."""

from protocol.canonical import ErrorReply
from protocol.characters import Text
from protocol.layout import Field, Layout

ERROR_REPLY = Layout("body", ErrorReply, Field("message", Text(64), "as shown to the teller, Chinese", "错误信息"))
