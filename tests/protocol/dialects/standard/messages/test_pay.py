"""2002 PAY byte for byte, and what is refused."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.canonical.business import PayReply, PayRequest
from protocol.canonical.codes import Instrument, PayMode
from protocol.dialects.standard.messages.pay import PAY_REPLY, PAY_REQUEST
from protocol.errors import MessageInvalid
from tests.protocol.frames import an, pay_body, text

ASCII = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=16)
FEN = st.integers(-(2**63), 2**63 - 1)

REQUEST = PayRequest("0102003004", 12504, PayMode.SETTLE, Instrument.TRANSFER, True, "6222020200011122233", -1)
REPLY = PayReply("0102003004", "张三", 100, 60, 30, 10, 11, 12, 2, "INV0001", 202609, None)
REPLY_BYTES = struct.pack(
    ">16s64sqqqqqqH6s16s6s6s12s",
    an("0102003004", 16),
    text("张三", 64),
    *(100, 60, 30, 10, 11, 12, 2),
    b"",
    an("INV0001", 16),
    b"202609",
    b"000000",
    b"",
)


def test_the_request_both_ways() -> None:
    """80 bytes."""
    assert PAY_REQUEST.size == 80
    assert PAY_REQUEST.parse(pay_body()) == REQUEST
    assert PAY_REQUEST.build(REQUEST) == pay_body()


def test_the_reply_both_ways() -> None:
    """176 bytes; a month that is absent is zeros."""
    assert PAY_REPLY.size == 176
    assert PAY_REPLY.parse(REPLY_BYTES) == REPLY
    assert PAY_REPLY.build(REPLY) == REPLY_BYTES


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("body.mode", {"mode": 0}),
        ("body.mode", {"mode": 3}),
        ("body.instrument", {"instrument": 0}),
        ("body.instrument", {"instrument": 9}),
        ("body.print_invoice", {"print_invoice": 2}),
        ("body.rsv@27", {"rsv5": b"\0\0\0\0\1"}),
        ("body.rsv@72", {"rsv8": b" " * 8}),
        ("body.account_no", {"account_no": bytes(16)}),
        ("body.account_no", {"account_no": b"      0102003004"}),
        ("body.payer_account", {"payer_account": b"\xff" * 32}),
    ],
)
def test_what_is_refused(path: str, changed: dict[str, object]) -> None:
    """Each field has its own rule, and the error names it without quoting it."""
    with pytest.raises(MessageInvalid) as error:
        PAY_REQUEST.parse(pay_body(**changed))
    assert error.value.path == path
    assert "0102003004" not in str(error.value)


@given(
    st.builds(PayRequest, ASCII, FEN, st.sampled_from(PayMode), st.sampled_from(Instrument), st.booleans(), ASCII, FEN)
)
def test_any_request_comes_back(request: PayRequest) -> None:
    """What a bank builds is what the FEP reads."""
    assert PAY_REQUEST.parse(PAY_REQUEST.build(request)) == request


@given(
    st.builds(
        PayReply,
        *(ASCII, st.text(st.sampled_from("甲㐀𠮷a1"), max_size=16), FEN, FEN, FEN, FEN, FEN, FEN),
        *(
            st.integers(0, 65535),
            ASCII,
            st.none() | st.integers(202601, 202612),
            st.none() | st.integers(202601, 202612),
        ),
    )
)
def test_any_reply_comes_back(reply: PayReply) -> None:
    """What the FEP builds is what a bank reads."""
    assert PAY_REPLY.parse(PAY_REPLY.build(reply)) == reply
