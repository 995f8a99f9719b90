"""The link and its sessions against a carrier played by hand: timers, hostile bytes, and one answer to each part."""

import asyncio
import itertools
import logging

import pytest

from sending.carriers.port import LINK_DOWN, Accepted, NoAnswer, Refused
from sending.carriers.smpp import pdu
from sending.carriers.smpp.link import LinkConfig, LinkOptions

REPLY = pdu.message_body(pdu.address(1, 1, "8613800000000"), pdu.address(0, 1, "1069"), b"yes")


def submit(link, keys, parts=(b"hi",)):
    for key in keys:
        link.submit(key, list(parts), f"86138{key:08d}", "10690001", key, 0)


async def idle(peer):
    await peer.take_bind()
    await peer.reader.read()


def test_submit_bytes_and_answer(run, played, connected):
    async def scenario():
        seen: list[pdu.Frame] = []

        async def play(peer):
            seen.append(await peer.take_bind())
            frame = await peer.read()
            seen.append(frame)
            peer.write(pdu.SUBMIT_SM_RESP, 0, frame.sequence, b"abc\0")
            await peer.reader.read()

        async with played(play) as port, connected(port, system_type="VMA") as (link, listener):
            assert link.free == 500
            link.submit(5, ["中".encode("utf-16-be")], "8613800000000", "10690001", 0xABCD, 8)
            assert (link.outstanding, link.free) == (1, 499)
            await listener.until(lambda: listener.answers)
            assert listener.answers == [(5, 0, Accepted("abc"))]
            assert link.outstanding == 0
        assert pdu.decode_bind(seen[0].raw) == ("u", "p", "VMA")
        message = pdu.decode_message(seen[1].raw)
        assert (message.source, message.source_ton, message.source_npi) == ("10690001", 0, 1)
        assert (message.destination, message.destination_ton, message.destination_npi) == ("8613800000000", 1, 1)
        assert (message.short_message, message.data_coding) == ("中".encode("utf-16-be"), 8)
        assert (message.registered_delivery, message.esm_class, message.reference()) == (1, 0, 0xABCD)

    run(scenario())


def test_long_message_has_headers_and_one_reference(run, played, connected):
    async def scenario():
        frames = []

        async def play(peer):
            await peer.take_bind()
            for _ in range(3):
                frames.append(await peer.read())
            for frame, status in zip(frames, (0, 0x0B, 0x58), strict=True):
                peer.write(pdu.SUBMIT_SM_RESP, status, frame.sequence, b"1\0")
            await peer.reader.read()

        async with played(play) as port, connected(port) as (link, listener):
            link.submit(1, [b"a", b"b", b"c"], "8613800000000", "BANK", 0x1234, 8)
            await listener.until(lambda: len(listener.answers) == 3)
        messages = [pdu.decode_message(frame.raw) for frame in frames]
        assert [message.body() for message in messages] == [
            (b"a", (0x34, 3, 1)),
            (b"b", (0x34, 3, 2)),
            (b"c", (0x34, 3, 3)),
        ]
        assert {(message.esm_class, message.reference()) for message in messages} == {(0x40, 0x1234)}
        assert {(message.source, message.source_ton, message.source_npi) for message in messages} == {("BANK", 5, 0)}
        assert listener.answers == [
            (1, 0, Accepted("1")),
            (1, 1, Refused("ESME_RINVDSTADR", again=False)),
            (1, 2, Refused("ESME_RTHROTTLED", again=True)),
        ]

    run(scenario())


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (0x00, b"", Accepted("")),
        (0x00, b"x" * 65 + b"\0", NoAnswer("an id of 65 characters")),
        (0x08, b"", Refused("ESME_RSYSERR", again=True)),
        (0x14, b"\0", Refused("ESME_RMSGQFUL", again=True)),
        (0x45, b"\0", Refused("ESME_RSUBMITFAIL", again=False)),
        (0x0400, b"", Refused("0x00000400", again=False)),
    ],
)
def test_answers(run, played, connected, status, body, answer):
    async def scenario():
        async def play(peer):
            await peer.take_bind()
            peer.write(pdu.SUBMIT_SM_RESP, status, (await peer.read()).sequence, body)
            await peer.reader.read()

        async with played(play) as port, connected(port) as (link, listener):
            submit(link, [1])
            await listener.until(lambda: listener.answers)
            assert listener.answers == [(1, 0, answer)]
            assert link.bound

    run(scenario())


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (0x02, Refused("ESME_RINVCMDLEN", again=False)),
        (0x03, Refused("ESME_RINVCMDID", again=False)),
        (0x08, NoAnswer("generic_nack: ESME_RSYSERR")),
    ],
)
def test_generic_nack(run, played, connected, status, answer):
    async def scenario():
        async def play(peer):
            await peer.take_bind()
            peer.write(pdu.GENERIC_NACK, status, (await peer.read()).sequence)
            await peer.reader.read()

        async with played(play) as port, connected(port) as (link, listener):
            submit(link, [1])
            await listener.until(lambda: listener.answers)
            assert listener.answers == [(1, 0, answer)]
            assert link.bound

    run(scenario())


HOSTILE = {
    "nack of nothing sent": pdu.frame(pdu.GENERIC_NACK, 2, 4242),
    "length 4 GiB": b"\xff\xff\xff\xff",
    "length 0": bytes(16),
    "length 15": b"\0\0\0\x0f",
    "unknown command": pdu.frame(0x00001234, 0, 1),
    "unknown answer": pdu.frame(0x80001234, 0, 1),
    "another bind answer": pdu.frame(pdu.BIND_TRANSCEIVER | pdu.RESPONSE, 0, 1, b"x\0"),
    "not SMPP at all": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@pytest.mark.parametrize("junk", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytes_end_the_session_and_only_that(run, played, connected, junk):
    async def scenario():
        binds = itertools.count(1)

        async def play(peer):
            await peer.take_bind()
            if next(binds) == 1:
                first = await peer.read()
                await peer.read()
                # What came before the junk still counts.
                peer.writer.write(pdu.frame(pdu.SUBMIT_SM_RESP, 0, first.sequence, b"7\0") + junk)
            await peer.reader.read()

        async with played(play) as port, connected(port) as (link, listener):
            submit(link, [1, 2])
            await listener.until(lambda: listener.events.count("up") == 2)
            assert listener.answers[0] == (1, 0, Accepted("7"))
            assert [(key, type(answer)) for key, _, answer in listener.answers[1:]] == [(2, NoAnswer)]
            assert [event.split(":")[0] for event in listener.events] == [
                "up",
                "answered 1",
                "answered 2",
                "down",
                "up",
            ]
            assert link.last_error == ""

    run(scenario())


def test_half_a_pdu_then_the_end(run, played, connected):
    async def scenario():
        async def play(peer):
            await peer.take_bind()
            frame = await peer.read()
            peer.writer.write(pdu.frame(pdu.SUBMIT_SM_RESP, 0, frame.sequence, b"77\0")[:-1])

        async with played(play) as port, connected(port) as (link, listener):
            submit(link, [1])
            await listener.until(lambda: listener.answers)
            assert listener.answers == [(1, 0, NoAnswer("the carrier closed the connection"))]

    run(scenario())


def test_no_answer_in_time_and_late_answers_change_nothing(run, played, connected):
    async def scenario():
        late = asyncio.Event()

        async def play(peer):
            await peer.take_bind()
            frames = [await peer.read(), await peer.read()]
            peer.write(pdu.SUBMIT_SM_RESP, 0, frames[1].sequence, b"2\0")
            await late.wait()
            peer.write(pdu.SUBMIT_SM_RESP, 0, frames[0].sequence, b"1\0")
            peer.write(pdu.DELIVER_SM, 0, 1, REPLY)
            await peer.reader.read()

        async with played(play) as port, connected(port, response_timeout=0.1) as (link, listener):
            submit(link, [1, 2])
            await listener.until(lambda: len(listener.answers) == 2)
            late.set()
            await listener.until(lambda: listener.deliveries)
            assert listener.answers == [(2, 0, Accepted("2")), (1, 0, NoAnswer("no answer in 0.1 s"))]
            assert link.bound

    run(scenario())


def test_enquire_link_both_ways(run, played, connected):
    async def scenario():
        seen: list[pdu.Frame] = []
        done = asyncio.Event()

        async def play(peer):
            await peer.take_bind()
            peer.write(pdu.ENQUIRE_LINK, 0, 77)
            while len(seen) < 3:
                frame = await peer.read()
                seen.append(frame)
                if frame.command == pdu.ENQUIRE_LINK:
                    # Either answer shows that the carrier is there.
                    answer = pdu.ENQUIRE_LINK_RESP if len(seen) == 2 else pdu.GENERIC_NACK
                    peer.write(answer, 0 if answer == pdu.ENQUIRE_LINK_RESP else 3, frame.sequence)
            done.set()
            await peer.reader.read()

        async with played(play) as port, connected(port, enquire_interval=0.05, response_timeout=5) as (link, listener):
            await done.wait()
            assert (seen[0].command, seen[0].sequence) == (pdu.ENQUIRE_LINK_RESP, 77)
            assert [frame.command for frame in seen[1:]] == [pdu.ENQUIRE_LINK] * 2
            assert link.bound
            assert listener.events == ["up"]

    run(scenario())


def test_a_silent_carrier_is_left(run, played, connected):
    async def scenario():
        async with played(idle) as port, connected(port, enquire_interval=0.05, response_timeout=0.1) as (_, listener):
            await listener.until(lambda: "down: the carrier is silent" in listener.events)
            await listener.until(lambda: listener.events.count("up") == 2)

    run(scenario())


def test_sequence_wraps_and_skips_what_is_outstanding(run, played, connected):
    async def scenario():
        sequences = []

        async def play(peer):
            await peer.take_bind()
            while True:
                frame = await peer.read()
                if frame.command == pdu.SUBMIT_SM:
                    sequences.append(frame.sequence)
                    if len(sequences) == 5:
                        for number in sequences:
                            peer.write(pdu.SUBMIT_SM_RESP, 0, number, b"%d\0" % number)

        async with played(play) as port, connected(port, drain_timeout=0.01, unbind_timeout=0.01) as (link, listener):
            submit(link, [0])  # takes 2, after the bind's 1
            link._sender._sequence = pdu.LAST_SEQUENCE - 2
            submit(link, [1, 2, 3, 4])
            await listener.until(lambda: len(listener.answers) == 5)
            assert sequences == [2, pdu.LAST_SEQUENCE - 1, pdu.LAST_SEQUENCE, 1, 3]
            assert [(key, answer.ext_id) for key, _, answer in listener.answers] == list(enumerate(map(str, sequences)))

    run(scenario())


def test_what_does_not_fit_is_refused_unsent(run, played, connected):
    async def scenario():
        async with played(idle) as port, connected(port) as (link, listener):
            link.submit(1, [b"a", b"b"], "1" * 21, "1069", 1, 0)
            link.submit(2, [b"a"], "86138", "中国银行", 1, 0)
            link.submit(3, [b"x" * 255], "86138", "1069", 1, 0)
            link.submit(4, [b"x"] * 256, "86138", "1069", 1, 0)
            assert listener.answers == []  # never from inside submit
            await listener.until(lambda: len(listener.answers) == 4 + 256)
            assert listener.answers == [
                (1, 0, Refused("ESME_RINVDSTADR", again=False)),
                (1, 1, Refused("ESME_RINVDSTADR", again=False)),
                (2, 0, Refused("ESME_RINVSRCADR", again=False)),
                (3, 0, Refused("ESME_RINVMSGLEN", again=False)),
                *[(4, part, Refused("ESME_RINVMSGLEN", again=False)) for part in range(256)],
            ]
            assert link.outstanding == 0

    run(scenario())


def test_submitting_while_down_is_a_refusal(run, connected, unused_port):
    async def scenario():
        async with connected(unused_port, wait=False) as (link, listener):
            submit(link, [1], [b"a", b"b"])
            await listener.until(lambda: len(listener.answers) == 2)
            assert listener.answers == [(1, 0, Refused(LINK_DOWN, again=True)), (1, 1, Refused(LINK_DOWN, again=True))]
            assert (link.bound, link.free, link.outstanding) == (False, 0, 0)
            while not link.last_error:
                await asyncio.sleep(0.001)
            assert link.last_error.startswith("cannot connect:")

    run(scenario())


@pytest.mark.parametrize("answers_all", [True, False])
def test_carrier_unbinds(run, played, connected, answers_all):
    async def scenario():
        seen: list[pdu.Frame] = []

        async def play(peer):
            await peer.take_bind()
            if not seen:
                seen.extend([await peer.read(), await peer.read()])
                peer.write(pdu.UNBIND, 0, 9)
                seen.append(await peer.read())
                # A carrier going away may still answer what it has.
                peer.write(pdu.SUBMIT_SM_RESP, 0, seen[0].sequence, b"1\0")
                if answers_all:
                    peer.write(pdu.SUBMIT_SM_RESP, 0, seen[1].sequence, b"2\0")
            await peer.reader.read()

        async with played(play) as port, connected(port, response_timeout=1) as (link, listener):
            submit(link, [1, 2])
            await listener.until(lambda: listener.events.count("up") == 2)
            second = Accepted("2") if answers_all else NoAnswer("the carrier unbound")
            assert listener.answers == [(1, 0, Accepted("1")), (2, 0, second)]
            assert (seen[2].command, seen[2].sequence) == (pdu.UNBIND_RESP, 9)
            assert "down: the carrier unbound" in listener.events

    run(scenario())


def test_close_waits_for_answers_then_unbinds(run, played, connected):
    async def scenario():
        order = []

        async def play(peer):
            await peer.take_bind()
            frame = await peer.read()
            await asyncio.sleep(0.02)  # by now the link is closing
            peer.write(pdu.SUBMIT_SM_RESP, 0, frame.sequence, b"1\0")
            frame = await peer.read()
            order.append(frame.command)
            peer.write(pdu.UNBIND_RESP, 0, frame.sequence)
            order.append(await peer.reader.read())

        async with played(play) as port, connected(port) as (link, listener):
            submit(link, [1])
            closing = asyncio.create_task(link.close())
            await asyncio.sleep(0)
            assert link.free == 0
            submit(link, [2])
            await closing
            assert listener.answers == [(2, 0, Refused(LINK_DOWN, again=True)), (1, 0, Accepted("1"))]
        assert order == [pdu.UNBIND, b""]

    run(scenario())


def test_close_does_not_wait_for_a_connection_being_made(run, connected, monkeypatch):
    async def scenario():
        async def never(*args, **kwargs):
            await asyncio.Event().wait()

        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
        async with connected(1, wait=False) as (link, listener):
            await asyncio.sleep(0)
        assert listener.events == []

    run(scenario())


def test_close_gives_up_on_a_carrier_that_answers_nothing(run, played, connected):
    async def scenario():
        async with played(idle) as port, connected(port, drain_timeout=0.02, unbind_timeout=0.02) as (link, listener):
            submit(link, [1])
            await link.close()
            assert listener.answers == [(1, 0, NoAnswer("closed"))]

    run(scenario())


def test_cancelling_answers_everything(run, played, connected):
    async def scenario():
        async with played(idle) as port, connected(port) as (link, listener):
            submit(link, [1])
            keeper = next(task for task in asyncio.all_tasks() if task.get_name().startswith("smpp"))
            keeper.cancel()
            await listener.until(lambda: listener.answers)
            assert listener.answers == [(1, 0, NoAnswer("cancelled"))]

    run(scenario())


def test_refused_bind_says_so_without_the_password(run, played, connected, caplog):
    async def scenario():
        tries = itertools.count(1)

        async def play(peer):
            await peer.take_bind(pdu.INVALID_PASSWORD if next(tries) < 3 else 0)
            await peer.reader.read()

        with caplog.at_level(logging.DEBUG):
            async with played(play) as port, connected(port, password="hunter2", wait=False) as (link, listener):
                while not link.last_error:
                    await asyncio.sleep(0.001)
                assert link.last_error == "bind refused: ESME_RINVPASWD"
                await listener.until(lambda: link.bound)
                assert listener.events == ["up"]
                assert next(tries) == 4
                assert "hunter2" not in repr(link.config)
        assert "hunter2" not in caplog.text

    run(scenario())


def test_refused_credentials_wait_longer(run, played, connected, monkeypatch):
    async def scenario():
        waits = []
        enough = asyncio.Event()

        async def pause(link, seconds):
            waits.append(seconds)
            if len(waits) == 6:
                enough.set()
                await link._closing.wait()

        monkeypatch.setattr("sending.carriers.smpp.link.Link._pause", pause)
        monkeypatch.setattr("random.uniform", lambda low, high: 1)
        statuses = iter([pdu.SYSTEM_ERROR, pdu.SYSTEM_ERROR, *[pdu.INVALID_PASSWORD] * 4])

        async def play(peer):
            await peer.take_bind(next(statuses))

        options = {"retry_first": 1.0, "retry_most": 30.0, "refused_first": 10.0, "refused_most": 35.0}
        async with played(play) as port, connected(port, wait=False, **options):
            await enough.wait()
        assert waits == [1, 2, 10, 20, 35, 35]

    run(scenario())


def test_no_answer_to_the_bind(run, played, connected):
    async def scenario():
        silent = itertools.count(1)

        async def play(peer):
            if next(silent) > 1:
                await peer.take_bind()
            await peer.reader.read()

        async with played(play) as port, connected(port, bind_timeout=0.05, response_timeout=0.2) as (_, listener):
            assert listener.events == ["up"]
            assert next(silent) == 3

    run(scenario())


# receiving


def test_replies_and_unreadable_deliveries(run, played, connected):
    async def scenario():
        answers = []
        done = asyncio.Event()
        part = pdu.message_body(
            pdu.address(1, 1, "8613800000000"),
            pdu.address(0, 1, "1069"),
            pdu.concat_udh(9, 2, 2) + "好".encode("utf-16-be"),
            esm_class=pdu.ESM_UDH,
            data_coding=8,
        )

        async def play(peer):
            await peer.take_bind()
            peer.write(pdu.OUTBIND, 0, 1, b"x\0y\0")
            peer.write(pdu.ALERT_NOTIFICATION, 0, 2, b"junk")
            peer.write(pdu.DELIVER_SM, 0, 3, REPLY)
            peer.write(pdu.DELIVER_SM, 0, 4, REPLY[:-2])
            peer.write(pdu.DELIVER_SM, 0, 5, part)
            peer.write(0x103, 0, 6, b"data_sm")
            answers.extend([await peer.read() for _ in range(4)])
            done.set()
            await peer.reader.read()

        async with played(play) as port, connected(port) as (link, listener):
            await done.wait()
            first, second = listener.deliveries
            assert (first.kind, first.source, first.destination, first.text) == (
                "reply",
                "8613800000000",
                "1069",
                "yes",
            )
            assert (first.receipt, first.concat, first.payload) == (None, None, REPLY)
            assert (second.text, second.concat) == ("好", (9, 2, 2))
            link.acknowledge(first, ok=True)  # a second time: nothing is written
            assert link.bound
        told = {frame.sequence: (frame.command, frame.status) for frame in answers}
        assert told == {
            3: (pdu.DELIVER_SM_RESP, 0),
            4: (pdu.DELIVER_SM_RESP, pdu.INVALID_MESSAGE_LENGTH),
            5: (pdu.DELIVER_SM_RESP, 0),
            6: (pdu.GENERIC_NACK, pdu.INVALID_COMMAND),
        }

    run(scenario())


def test_deliveries_beyond_the_limit_are_asked_to_come_again(run, played, connected):
    async def scenario():
        answers = []

        async def play(peer):
            await peer.take_bind()
            for sequence in (1, 2, 3):
                peer.write(pdu.DELIVER_SM, 0, sequence, REPLY)
            answers.append(await peer.read())
            peer.write(pdu.ENQUIRE_LINK, 0, 4)
            await peer.reader.read()

        async with played(play) as port, connected(port, acknowledge=None, inbound_limit=2) as (_, listener):
            await listener.until(lambda: len(listener.deliveries) == 2)
            while not answers:
                await asyncio.sleep(0.001)
            assert (answers[0].sequence, answers[0].status) == (3, pdu.TEMPORARY_ERROR)

    run(scenario())


def test_acknowledging_after_the_connection_is_gone_does_nothing(run, played, connected):
    async def scenario():
        async def play(peer):
            await peer.take_bind()
            peer.write(pdu.DELIVER_SM, 0, 1, REPLY)
            await peer.writer.drain()

        async with played(play) as port, connected(port, acknowledge=None) as (link, listener):
            await listener.until(lambda: any(event.startswith("down") for event in listener.events))
            link.acknowledge(listener.deliveries[0], ok=True)

    run(scenario())


def test_a_carrier_that_does_not_read_is_left(run, played, connected):
    async def scenario():
        async def play(peer):
            await peer.take_bind()
            await peer.writer.drain()
            flood = pdu.frame(pdu.ENQUIRE_LINK, 0, 1) * 4096
            while True:
                peer.writer.write(flood)
                await peer.writer.drain()

        async with played(play) as port, connected(port) as (_, listener):
            await listener.until(lambda: "down: the carrier does not read" in listener.events)

    run(scenario())


@pytest.mark.parametrize(
    "wrong",
    [
        {"bind": "both"},
        {"id_rule": "guess"},
        {"window": 0},
        {"password": "p" * 9},
        {"options": LinkOptions(service_type="123456")},
    ],
)
def test_what_cannot_work_is_refused_when_configured(wrong):
    fields = {"carrier_id": 1, "name": "x", "host": "h", "port": 1, "system_id": "u", "password": "p"}
    with pytest.raises(ValueError, match="."):
        LinkConfig(**{**fields, **wrong})
