"""One connection: bytes into frames, back pressure, time limits, and how it ends."""

import pytest

from fep.links.connection import Connection
from tests.support.raw_bank import ECHO, SIGN_IN, SIGN_IN_REQUEST, SIGN_OUT
from tests.support.records import TODAY
from tests.support.rim import Rim, ScriptedGate, WiredBank, reversed_, status_found
from tests.system.messages import PAYMENTS, QUERY, REVERSE, STATUS, query, records, status, undo

ACCOUNT = "0100000001"
STATUS_BODY = status(ACCOUNT, 7, TODAY)
UNDO_BODY = undo(ACCOUNT, 100, 7, TODAY)


def status_requests(bank: WiredBank, count: int) -> list[bytes]:
    return [bank.build(STATUS, STATUS_BODY) for _ in range(count)]


# --- bytes


def test_small_frames_are_not_held_back(rim):
    """Replies leave at once: the line does not wait for more to send, and we are told when it takes no more."""
    transport = rim.connect().transport
    assert transport.has_no_delay
    assert transport.streaming is True


def test_a_dialogue_byte_by_byte(rim):
    """Sign-in, ECHO and a refusal arrive one byte at a time: each is answered when its last byte is there."""
    bank = rim.connect()

    def slowly(frame):
        for at in range(len(frame) - 1):
            bank.send(frame[at : at + 1])
            assert bank.transport.value() == b""
        bank.send(frame[-1:])
        return bank.reply(frame)

    reply = slowly(bank.build(SIGN_IN, SIGN_IN_REQUEST.pack()))
    bank.take_keys(reply)
    assert slowly(bank.build(ECHO)).code == "0000"
    assert slowly(bank.build(QUERY, query(ACCOUNT)[:16])).code == "1003"


def test_two_frames_cut_anywhere(rim):
    """Two frames in two chunks, whatever the cut, are answered both, in their order."""
    bank = rim.bank()
    first, second = bank.build(ECHO), bank.build(QUERY)
    both = first + second
    for cut in range(1, len(both)):
        bank.send(both[:cut])
        bank.send(both[cut:])
        assert [frame.code for frame in bank.frames()] == ["0000", "1003"]


@pytest.mark.parametrize("length", [0, 103, 8193, 0xFFFF])
def test_a_length_out_of_bounds_closes_at_once(rim, logs, length):
    """After a length that no frame can have the stream cannot be followed; what came before it is answered."""
    bank = rim.bank()
    echo = bank.build(ECHO)
    bank.send(echo + length.to_bytes(2) + bank.build(ECHO))

    assert [frame.match for frame in bank.frames()] == [echo[34:42] + echo[50:62]]
    assert bank.ends == "closed"
    assert rim.events == {"length_invalid": 1}
    assert any(event["event"] == "length_invalid" and event["peer"] == "10.1.2.3" for event in logs)


@pytest.mark.parametrize("length", [104, 8192])
def test_the_bounds_themselves_are_frames(rim, length):
    """The smallest and the largest frame are read as frames."""
    bank = rim.bank()
    reply = bank.exchange(bank.build(ECHO, bytes(length - 104)))
    assert reply.code == ("0000" if length == 104 else "1003")


def test_a_bank_that_was_refused_is_not_heard_any_more(logs):
    """What comes behind a sign-in from a wrong address is not handled, in the same chunk or later."""
    rim = Rim(banks={"0103": {"addresses": ()}})
    bank = rim.connect()
    refused = bank.build(SIGN_IN, SIGN_IN_REQUEST.pack(), bank_code=b"0103")
    bank.send(refused + bank.build(SIGN_IN, SIGN_IN_REQUEST.pack(client_random=b"\1" * 16)))
    bank.send(bank.build(SIGN_IN, SIGN_IN_REQUEST.pack(client_random=b"\2" * 16)))

    assert (bank.ends, bank.frames(), bank.link.bank) == ("closed", [], None)
    assert not any(event["event"] == "signed_in" for event in logs)


# --- back pressure


@pytest.fixture
def narrow(logs) -> Rim:
    """Return a rim whose connections may have four requests in work."""
    return Rim(link={"in_flight_max": 4})


def test_a_bank_with_too_much_in_work_is_not_read(narrow):
    """At in_flight_max the connection pauses, at half of it it goes on, and nothing is lost or reordered."""
    bank = narrow.bank()
    requests = [bank.build(STATUS, STATUS_BODY) for _ in range(7)]
    bank.send(*requests)
    assert (len(narrow.gate.works), bank.link.in_flight, bank.transport.is_paused) == (4, 4, True)

    narrow.gate.finish(status_found())
    assert (bank.link.in_flight, bank.transport.is_paused) == (3, True)
    narrow.gate.finish(status_found())
    assert (bank.link.in_flight, bank.transport.is_paused) == (4, True)
    narrow.gate.finish(status_found())
    narrow.gate.finish(status_found())
    assert (bank.link.in_flight, bank.transport.is_paused) == (3, False)
    narrow.gate.finish_all(status_found())

    assert [frame.match for frame in bank.frames()] == [request[34:42] + request[50:62] for request in requests]
    assert bank.link.in_flight == 0


def test_other_connections_are_read_meanwhile(narrow):
    """One bank's load pauses its own connection only."""
    full, other = narrow.bank(), narrow.bank("0103")
    full.send(*status_requests(full, 5))
    assert (full.transport.is_paused, other.transport.is_paused) == (True, False)
    other.check_alive()


def test_a_bank_that_does_not_take_its_replies_is_not_read(rim):
    """While the write buffer is full no frame is taken; when it is empty again, all of them are."""
    bank = rim.bank()
    bank.transport.block()
    assert bank.transport.is_paused
    bank.send(*(bank.build(ECHO) for _ in range(3)))
    assert bank.frames() == []

    bank.transport.unblock()
    assert len(bank.frames()) == 3
    assert not bank.transport.is_paused


def test_replies_fill_the_buffer_up_to_its_bound(rim):
    """A bank that sends without reading is answered until its buffer is full, and no further."""
    bank = rim.bank()
    request = bank.build(PAYMENTS, records(ACCOUNT)[:16])
    for _ in range(10):
        bank.send(*[request] * 60)
    assert bank.transport.is_paused
    assert 65_536 < bank.transport.bytes_written < 65_536 + 1_000

    answered = 0
    while bank.transport.is_blocked:
        answered += len(bank.frames())
        bank.transport.unblock()
    assert answered + len(bank.frames()) == 600


def test_a_bank_that_takes_no_replies_is_cut_off(rim, logs):
    """After write_timeout without the buffer getting empty, the connection is aborted."""
    stuck, slow = rim.bank(), rim.bank()
    for bank in (stuck, slow):
        bank.transport.block()
    rim.pass_time(29.5)
    slow.transport.unblock()
    slow.transport.block()
    rim.pass_time(0.5)

    assert (stuck.ends, slow.ends) == ("aborted", "open")
    assert rim.events == {"connection_cut_off": 1}
    assert [event["reason"] for event in logs if event["event"] == "connection_cut_off"] == ["replies_not_taken"]


def test_time_in_which_we_do_not_read_is_not_the_banks(rim):
    """Idleness and a frame that has begun are not held against a bank that we do not read."""
    bank = rim.bank()
    request = bank.build(ECHO)
    bank.send(request[:50])
    for _ in range(4):
        bank.transport.unblock()
        bank.transport.block()
        rim.pass_time(25)
    bank.transport.unblock()
    assert bank.ends == "open"
    rim.pass_time(9.5)
    bank.send(request[50:])
    assert bank.reply(request).code == "0000"


def test_a_connection_that_was_cut_off_is_left_alone(logs):
    """After an abort nothing is written, read or counted again, although the transport reports its end later."""
    rim = Rim(link={"in_flight_max": 1, "write_timeout": 5})
    bank = rim.bank()
    bank.send(*status_requests(bank, 2))
    bank.transport.block()
    rim.pass_time(6)
    assert (bank.ends, rim.events) == ("aborted", {"connection_cut_off": 1})
    rim.gate.finish(status_found())

    assert bank.frames() == []
    assert (rim.gate.works, bank.link.in_flight) == ([], 0)


def test_a_connection_that_closes_is_not_read_again(narrow):
    """Frames that waited end the link when they are taken: the pause is not lifted from what is closing."""
    bank = narrow.bank()
    bank.send(*status_requests(bank, 4), *(bank.build(ECHO, mac=b"\1" * 8) for _ in range(3)))
    assert bank.transport.is_paused
    for _ in range(4):
        narrow.gate.finish(status_found())

    assert [frame.code for frame in bank.frames()] == ["0000", "0000", "1002", "1002", "1002"]
    assert (bank.ends, bank.link.in_flight) == ("closed", 0)


def test_requests_that_are_answered_at_once(logs):
    """A gate that answers within submit makes frames follow each other in a loop, not one inside the other."""

    class Prompt(ScriptedGate):
        is_prompt = False
        depth = 0

        def submit(self, work):
            assert self.depth == 0, "one frame inside the other"
            super().submit(work)
            if self.is_prompt:
                self.depth += 1
                self.finish(status_found())
                self.depth -= 1

    rim = Rim(gate=Prompt(), link={"in_flight_max": 1})
    bank = rim.bank()
    requests = status_requests(bank, 5)
    bank.send(*requests)
    assert bank.transport.is_paused
    rim.gate.is_prompt = True
    rim.gate.finish(status_found())

    assert [bank.reply(request).code for request in requests] == ["0000"] * 5
    assert (bank.link.in_flight, bank.transport.is_paused) == (0, False)


# --- time limits


def test_sign_in_has_ten_seconds(rim, logs):
    """A connection that is not signed in after sign_in_timeout is closed, whatever else it sends."""
    silent, talking = rim.connect(), rim.connect()
    for _ in range(19):
        rim.pass_time(0.5)
        assert talking.request(ECHO).code == "1001"
    assert (silent.ends, talking.ends) == ("open", "open")
    rim.pass_time(0.5)

    assert (silent.ends, talking.ends) == ("closed", "closed")
    assert rim.events == {"link_timed_out": 2}
    assert {event["limit"] for event in logs if event["event"] == "link_timed_out"} == {"SIGN_IN_TIMED_OUT"}


def test_sign_in_has_its_limit_for_those_too_who_do_not_read(rim):
    """A stranger that takes none of its replies is closed after ten seconds like any other."""
    stranger = rim.connect()
    stranger.transport.block()
    rim.pass_time(10)
    assert stranger.ends == "closed"
    rim.pass_time(5)
    assert stranger.ends == "aborted"


def test_a_frame_that_has_begun_has_ten_seconds(rim, logs):
    """A frame must be complete within frame_timeout of its first byte, however its bytes drip."""
    bank, whole = rim.bank(), rim.bank()
    frame = bank.build(ECHO)
    for at in range(19):
        bank.send(frame[at : at + 1])
        whole.send(frame[at : at + 1])
        rim.pass_time(0.5)
    assert bank.ends == "open"
    whole.send(frame[19:])
    rim.pass_time(0.5)

    assert (bank.ends, whole.ends) == ("closed", "open")
    assert rim.events["frame_timed_out"] == 1
    assert sum(event["event"] == "frame_timed_out" for event in logs) == 1


def test_each_frame_has_its_own_time(rim):
    """The time of a frame begins with its own first byte, not with that of the frame before."""
    bank = rim.bank()
    frame = bank.build(ECHO)
    bank.send(frame[:50])
    for _ in range(5):
        rim.pass_time(8)
        bank.send(frame[50:] + frame[:50])
    assert bank.ends == "open"
    assert len(bank.frames()) == 5
    bank.send(frame[50:])
    rim.pass_time(20)
    assert bank.ends == "open"


def test_a_half_closed_connection_is_read_for_five_seconds(rim, logs):
    """After our half-close the bank is still read, but nothing is taken; after drain_timeout it is cut off."""
    bank = rim.bank()
    assert bank.request(SIGN_OUT).code == "0000"
    bank.send(bank.build(REVERSE, UNDO_BODY))
    for _ in range(32):
        bank.send(bytes(65_536))
    rim.pass_time(4.75)
    assert (bank.ends, rim.gate.works, bank.transport.is_paused) == ("half-closed", [], False)
    rim.pass_time(0.25)

    assert bank.ends == "aborted"
    assert rim.events == {"connection_cut_off": 1}
    assert [event["reason"] for event in logs if event["event"] == "connection_cut_off"] == ["closing"]


def test_a_bank_that_closes_after_our_half_close_is_let_go(rim):
    """The bank's own end after ours ends the connection in order."""
    bank = rim.bank()
    bank.request(SIGN_OUT)
    bank.finish()
    assert bank.ends == "closed"
    bank.hang_up()
    assert rim.factory.connections == set()


def test_what_is_not_taken_at_the_end_is_not_waited_for(rim):
    """A connection that is closed while its bank takes nothing is cut off after drain_timeout."""
    bank = rim.bank()
    bank.transport.block()
    bank.link.drain()
    assert (bank.ends, bank.transport.is_paused) == ("half-closed", False)
    rim.pass_time(5)
    assert bank.ends == "aborted"


# --- endings


def test_a_bank_that_hangs_up_with_requests_in_work(rim):
    """What is in work is finished without it: nothing is written, nothing raised, and nothing stays in work."""
    bank = rim.bank()
    bank.send(bank.build(REVERSE, UNDO_BODY), *status_requests(bank, 3))
    bank.hang_up()
    rim.gate.finish_all(reversed_())

    assert bank.link.in_flight == 0
    assert len(rim.services.in_work) == 0
    assert rim.factory.connections == set()
    rim.pass_time(100)


def test_a_paused_connection_that_is_lost(narrow):
    """A connection that is lost while it was not read takes none of the frames that had come."""
    bank = narrow.bank()
    bank.send(*status_requests(bank, 6))
    bank.hang_up()
    narrow.gate.finish_all(status_found())

    assert narrow.gate.works == []
    assert bank.link.in_flight == 0


def test_a_draining_connection_says_busy_to_what_had_come(narrow):
    """Frames that were read before the drain but not begun are answered 1011, not forgotten."""
    bank = narrow.bank()
    requests = status_requests(bank, 6)
    bank.send(*requests)
    bank.link.drain()
    narrow.gate.finish_all(status_found())

    assert [bank.reply(request).code for request in requests] == ["0000"] * 4 + ["1011"] * 2
    assert bank.ends == "half-closed"
    assert not bank.transport.is_paused


def test_closing_twice_is_closing_once(rim):
    """An end that has begun is not begun again, and nothing is written after it."""
    bank = rim.bank()
    connection: Connection = bank.connection
    connection.close()
    connection.close_gently()
    connection.close()
    connection.send(b"late")
    assert bank.ends == "closed"
    assert bank.transport.value() == b""


def test_a_transport_may_tell_what_needs_no_answer(rim):
    """Twisted reports our own half-close, and stops a producer whose transport has gone: nothing follows."""
    bank = rim.bank()
    bank.connection.writeConnectionLost()
    bank.connection.stopProducing()
    bank.check_alive()
