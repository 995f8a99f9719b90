"""Our link against our simulator: the script, the record, receipts brought until they are acknowledged."""

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from console.lib.text import Alphabet, split
from sending.carriers.port import Accepted, NoAnswer, ReceiptState, Refused
from sending.carriers.simulator import script, server
from sending.carriers.simulator.connection import Connection
from sending.carriers.smpp import pdu

ROOT = Path(__file__).resolve().parents[3]
DELIVERED, FAILED = ReceiptState.DELIVERED, ReceiptState.FAILED


def send(link, number="8613800000000", text="你好", *, key=1, reference=7):
    parts = split(text, Alphabet.UCS2)
    link.submit(key, parts, number, "10690001", reference, 8)
    return len(parts)


def read_record(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_accepted_recorded_and_delivered(run, carrier, connected, tmp_path):
    async def scenario():
        record = tmp_path / "record"
        async with carrier(record=record) as simulator, connected(simulator.port) as (link, listener):
            send(link, text='你好 "😀"\n', reference=0xFFFE)
            await listener.until(lambda: listener.deliveries)
            answer, receipt = listener.answers[0][2], listener.deliveries[0].receipt
            assert isinstance(answer, Accepted)
            assert receipt == (answer.ext_id, DELIVERED, "DELIVRD", "8613800000000", 0xFFFE, "")
            assert (listener.deliveries[0].source, listener.deliveries[0].destination) == ("8613800000000", "10690001")
            assert listener.events == ["up", "answered 1", "receipt"]
        (entry,) = read_record(record)
        assert entry.pop("time").endswith("Z")
        assert entry == {
            "id": answer.ext_id,
            "source": "10690001",
            "destination": "8613800000000",
            "number": "8613800000000",
            "text": '你好 "😀"\n',
            "reference": 0xFFFE,
            "part": 1,
            "parts": 1,
            "concat_reference": None,
            "segments": 1,
            "data_coding": 8,
            "validity": "",
            "system_id": "u",
        }

    run(scenario())


def test_long_chinese_message(run, carrier, connected, tmp_path):
    async def scenario():
        record = tmp_path / "record"
        text = "尊敬的客户，" * 30 + "😀" * 10
        async with carrier(record=record) as simulator, connected(simulator.port) as (link, listener):
            count = send(link, text=text, reference=300)
            assert count == 3
            await listener.until(lambda: len(listener.deliveries) == count)
            assert [(key, part) for key, part, _ in listener.answers] == [(1, 0), (1, 1), (1, 2)]
            ids = {answer.ext_id for _, _, answer in listener.answers}
            assert {delivery.receipt.ext_id for delivery in listener.deliveries} == ids
            assert len(ids) == 3
        entries = read_record(record)
        assert [(entry["part"], entry["parts"], entry["concat_reference"]) for entry in entries] == [
            (1, 3, 44),
            (2, 3, 44),
            (3, 3, 44),
        ]
        assert "".join(entry["text"] for entry in entries) == text

    run(scenario())


@pytest.mark.parametrize(
    ("ending", "events"),
    [
        ("90001", [Refused("ESME_RINVDSTADR", again=False)]),
        ("90002", [NoAnswer("no answer in 0.2 s")]),
        ("90003", [NoAnswer("the carrier closed the connection"), (DELIVERED, "DELIVRD")]),
        ("90004", [(DELIVERED, "DELIVRD"), Accepted]),
        ("90005", [Accepted, (DELIVERED, "DELIVRD"), (DELIVERED, "DELIVRD")]),
        ("90006", [Accepted, (FAILED, "UNDELIV")]),
        ("90007", [Accepted, (FAILED, "EXPIRED")]),
        ("90008", [Refused("ESME_RTHROTTLED", again=True), Accepted, (DELIVERED, "DELIVRD")]),
        ("90009", [Refused("ESME_RMSGQFUL", again=True), Accepted, (DELIVERED, "DELIVRD")]),
        ("90010", [Accepted]),
        ("90011", [Accepted, (DELIVERED, "DELIVRD")]),
        ("90012", [Accepted, (DELIVERED, "DELIVRD"), "R"]),
        ("90013", [Accepted, (DELIVERED, "DELIVRD"), "TD"]),
        ("90014", [Accepted, (DELIVERED, "DELIVRD"), script.SCRIPT["90014"].reply]),
        ("90015", [Accepted, (DELIVERED, "DELIVRD")]),
        ("90016", [Accepted, (FAILED, "REJECTD")]),
        ("90017", [Accepted, (DELIVERED, "DELIVRD"), (FAILED, "UNDELIV")]),
        ("90018", [Accepted, (FAILED, "MBBLACK")]),
        ("90019", [Accepted, (ReceiptState.ENROUTE, "ENROUTE"), (DELIVERED, "DELIVRD")]),
    ],
)
def test_script(run, carrier, connected, ending, events, monkeypatch, tmp_path):
    """Every line of the table, in the order things happen; then the line is quiet, as an ordinary message shows."""
    # The slow ones by the same way, only sooner.
    behaviours = dict(script.SCRIPT)
    behaviours["90011"] = script.Behaviour(title="", reports=(script.Report("DELIVRD", 0.05),))
    behaviours["90015"] = script.Behaviour(title="", answer_after=0.05)
    monkeypatch.setattr(server, "SCRIPT", behaviours)

    async def scenario():
        happened = []
        record = tmp_path / "record"
        async with (
            carrier(record=record) as simulator,
            connected(simulator.port, response_timeout=0.2) as (link, listener),
        ):
            answered, delivered = listener.answered, listener.delivered

            def note_answer(key, part, answer):
                happened.append(Accepted if key == 1 and isinstance(answer, Accepted) else answer)
                answered(key, part, answer)

            def note_delivery(link, delivery):
                receipt = delivery.receipt
                happened.append((receipt.state, receipt.code) if receipt else delivery.text)
                delivered(link, delivery)

            listener.answered, listener.delivered = note_answer, note_delivery
            number = f"86138000{ending}"
            send(link, number)
            if isinstance(events[0], Refused) and events[0].again:
                await listener.until(lambda: len(happened) == 1)
                send(link, number)
            await listener.until(lambda: len(happened) >= len(events))
            await listener.until(lambda: link.bound)
            send(link, key=2)
            await listener.until(lambda: listener.events[-2:] == ["answered 2", "receipt"])
            assert happened[: len(events)] == events
            assert len(happened) == len(events) + 2
            refused = isinstance(events[-1], Refused)
            assert [entry["number"] for entry in read_record(record)] == [number] * (not refused) + ["8613800000000"]

    run(scenario())


def test_every_ending_is_in_the_table_and_tested():
    tested = test_script.pytestmark[0].args[1]
    assert [ending for ending, _ in tested] == list(script.SCRIPT)
    assert all(f"…{ending}" in script.table() for ending in script.SCRIPT)
    assert script.table() in script.__doc__


def test_record_is_written_before_the_answer(run, carrier, connected, tmp_path):
    async def scenario():
        record = tmp_path / "record"
        seen = []
        async with carrier(record=record) as simulator, connected(simulator.port) as (link, listener):
            answered = listener.answered

            def check(key, part, answer):
                seen.append(answer.ext_id in record.read_text())
                answered(key, part, answer)

            listener.answered = check
            for key in range(50):
                send(link, key=key)
            await listener.until(lambda: len(listener.deliveries) == 50)
        assert seen == [True] * 50

    run(scenario())


@pytest.mark.parametrize(("form", "rule"), [("dec", "as_is"), ("hex", "hex_to_dec"), ("zeros", "strip_zeros")])
def test_id_forms(run, carrier, connected, form, rule):
    async def scenario():
        async with carrier(id_form=form) as simulator, connected(simulator.port, id_rule=rule) as (link, listener):
            send(link)
            await listener.until(lambda: listener.deliveries)
            assert listener.answers[0][2] == Accepted(listener.deliveries[0].receipt.ext_id)

    run(scenario())


def test_modes_for_every_message(run, carrier, connected):
    async def scenario():
        async with (
            carrier(early_receipts=True, duplicate_receipts=True) as simulator,
            connected(simulator.port) as (link, listener),
        ):
            send(link)
            await listener.until(lambda: listener.answers)
            assert listener.events == ["up", "receipt", "receipt", "answered 1"]
        async with (
            carrier(receipts=False, answer_delay=0.01) as simulator,
            connected(simulator.port) as (link, listener),
        ):
            send(link)
            await listener.until(lambda: listener.answers)
            assert listener.events == ["up", "answered 1"]
        async with (
            carrier(receipt_delay=0.03, answer_delay=0.01) as simulator,
            connected(simulator.port) as (link, listener),
        ):
            send(link, key=1)
            send(link, key=2)
            await listener.until(lambda: len(listener.deliveries) == 2)
            assert listener.events == ["up", "answered 1", "answered 2", "receipt", "receipt"]

    run(scenario())


def test_each_nth_message(run, carrier, connected, tmp_path):
    async def scenario():
        record = tmp_path / "record"
        options = {"throttle_every": 3, "no_answer_every": 4, "drop_every": 5}
        async with (
            carrier(record=record, **options) as simulator,
            connected(simulator.port, response_timeout=0.2) as (link, listener),
        ):
            for key in range(1, 6):
                send(link, key=key)
            await listener.until(lambda: len(listener.answers) == 5 and link.bound)
            await listener.until(lambda: len(listener.deliveries) == 4)
            kinds = {key: type(answer) for key, _, answer in listener.answers}
            assert kinds == {1: Accepted, 2: Accepted, 3: Refused, 4: NoAnswer, 5: NoAnswer}
        assert len(read_record(record)) == 4

    run(scenario())


def test_rate_limit(run, carrier, connected):
    async def scenario():
        async with carrier(rate=10) as simulator, connected(simulator.port) as (link, listener):
            for key in range(20):
                send(link, key=key)
            await listener.until(lambda: len(listener.answers) == 20)
            refused = [answer for _, _, answer in listener.answers if isinstance(answer, Refused)]
            assert set(refused) == {Refused("ESME_RTHROTTLED", again=True)}
            assert 10 <= len(refused) <= 19

    run(scenario())


def test_not_acknowledged_comes_again(run, carrier, connected):
    async def scenario():
        async with carrier() as simulator, connected(simulator.port, acknowledge=False) as (link, listener):
            send(link)
            await listener.until(lambda: len(listener.deliveries) == 3)
            listener.acknowledge = True
            await listener.until(lambda: len(listener.deliveries) == 4)
            assert len({delivery.payload for delivery in listener.deliveries}) == 1
            assert len({delivery.sequence for delivery in listener.deliveries}) == 4
            while simulator.counts.delivered != 1:
                await asyncio.sleep(0.001)

    run(scenario())


def test_unanswered_deliveries_come_again_after_reconnecting_and_after_a_while(run, carrier, connected):
    async def scenario():
        async with carrier(acknowledge_timeout=0.05) as simulator:
            async with connected(simulator.port, acknowledge=None) as (link, listener):
                send(link)
                await listener.until(lambda: len(listener.deliveries) == 2)
            async with connected(simulator.port) as (link, listener):
                await listener.until(lambda: listener.deliveries)
                assert listener.events == ["up", "receipt"]

    run(scenario())


def test_pair(run, carrier, connected):
    async def scenario():
        async with carrier() as simulator, connected(simulator.port, bind="pair") as (link, listener):
            while not link.receiving:
                await asyncio.sleep(0.001)
            send(link)
            await listener.until(lambda: listener.deliveries and listener.answers)
            assert listener.deliveries[0].receipt.ext_id == listener.answers[0][2].ext_id
            sender, receiver = (link._sessions[command] for command in (pdu.BIND_TRANSMITTER, pdu.BIND_RECEIVER))
            assert listener.deliveries[0].session is receiver
            assert receiver.free == 0
            receiver.abort("test")
            send(link, key=2, reference=99)
            # The first may come again before it: its acknowledgement went down with the connection.
            await listener.until(lambda: listener.deliveries[-1].receipt.reference == 99)
            assert link._sender is sender  # the other bind was not disturbed
            assert listener.events.count("up") == 1

    run(scenario())


@pytest.mark.parametrize(
    ("account", "why"),
    [
        ({"system_id": "u", "password": "other"}, "bind refused: ESME_RINVPASWD"),
        ({"system_id": "v", "password": "p"}, "bind refused: ESME_RINVSYSID"),
    ],
)
def test_wrong_credentials(run, carrier, connected, account, why):
    async def scenario():
        async with carrier(**account) as simulator, connected(simulator.port, wait=False) as (link, _):
            while not link.last_error:
                await asyncio.sleep(0.001)
            assert (link.last_error, link.bound) == (why, False)

    run(scenario())


def test_a_stopped_carrier_is_found_again(run, carrier, connected, unused_port):
    async def scenario():
        async with connected(unused_port, wait=False) as (link, listener):
            for times in (1, 2):
                async with carrier(port=unused_port):
                    await listener.until(lambda: link.bound)
                    send(link, key=times)
                    await listener.until(lambda times=times: len(listener.deliveries) == times)
                await listener.until(lambda: not link.bound)
            assert [event for event in listener.events if event.startswith("down")] == ["down: the carrier unbound"] * 2

    run(scenario())


def test_a_window_full_of_messages(run, carrier, connected, tmp_path):
    async def scenario():
        record = tmp_path / "record"
        async with carrier(record=record) as simulator, connected(simulator.port, window=100) as (link, listener):
            sent = 0
            while sent < 2000:
                await listener.until(lambda: link.free)
                for _ in range(link.free):
                    send(link, key=sent, number=f"8613{sent:08d}5", reference=sent)
                    sent += 1
                assert link.free == 0
            await listener.until(lambda: len(listener.deliveries) == 2000)
            assert sorted(key for key, _, _ in listener.answers) == list(range(2000))
        assert [entry["reference"] for entry in read_record(record)] == list(range(2000))

    run(scenario())


def test_whatever_happens_each_part_is_answered_once_and_truly(run, carrier, connected, tmp_path):
    """Throttled, dropped, unanswered, all at once: the record shows that no answer was wrong."""
    count = 1500

    async def scenario():
        record = tmp_path / "record"
        trouble = {"throttle_every": 29, "drop_every": 211, "no_answer_every": 53}
        async with (
            carrier(record=record, **trouble) as simulator,
            connected(simulator.port, window=50, response_timeout=0.3) as (link, listener),
        ):
            sent = 0
            while sent < count:
                await listener.until(lambda: link.free)
                for _ in range(min(link.free, count - sent)):
                    send(link, key=sent, number=f"8613{sent:08d}5", reference=sent)
                    sent += 1
            await listener.until(lambda: len(listener.answers) == count)
            recorded = {entry["reference"]: entry["id"] for entry in read_record(record)}
            wanted = set(recorded.values())
            await listener.until(lambda: {each.receipt.ext_id for each in listener.deliveries} == wanted)
        assert len(read_record(record)) == len(recorded)
        answers = {key: answer for key, _, answer in listener.answers}
        assert len(answers) == count
        assert {type(answer) for answer in answers.values()} == {Accepted, Refused, NoAnswer}
        for key, answer in answers.items():
            if isinstance(answer, Accepted):
                assert recorded[key] == answer.ext_id
            elif isinstance(answer, Refused):
                assert key not in recorded

    run(scenario())


@pytest.mark.parametrize(
    "junk", [b"\xff" * 16, b"GET / HTTP/1.1\r\n\r\n", pdu.frame(pdu.BIND_RECEIVER, 0, 1, b"x" * 30)]
)
def test_the_simulator_drops_hostile_peers(run, carrier, junk):
    async def scenario():
        async with carrier() as simulator:
            reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
            writer.write(junk)
            with pytest.raises(asyncio.IncompleteReadError):
                await reader.readexactly(1)
            writer.close()

    run(scenario())


def test_the_simulator_refuses_what_is_out_of_place(run, carrier):
    async def scenario():
        async with carrier() as simulator:
            reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
            message = pdu.message_body(pdu.address(0, 1, "1"), pdu.address(1, 1, ""), b"")
            writer.write(
                pdu.frame(pdu.SUBMIT_SM, 0, 1, message)
                + pdu.frame(0x03, 0, 2)
                + pdu.bind(pdu.BIND_TRANSMITTER, 3, "u", "p")
                + pdu.bind(pdu.BIND_TRANSMITTER, 4, "u", "p")
                + pdu.frame(pdu.SUBMIT_SM, 0, 5, message)
                + pdu.frame(pdu.SUBMIT_SM, 0, 6, message[:-3])
                + pdu.frame(pdu.SUBMIT_SM, 0, 9, message.replace(b"1", b"\xff"))
                + pdu.frame(pdu.SUBMIT_SM, 0, 10, b"\0\0\1\xff\0\1\1" + b"86\0" + bytes(10))
                + pdu.frame(pdu.ENQUIRE_LINK, 0, 7)
                + pdu.frame(pdu.UNBIND, 0, 8)
            )
            found = [(frame.command, frame.status, frame.sequence) for frame in pdu.Framer().feed(await reader.read())]
            writer.close()
        assert found == [
            (pdu.SUBMIT_SM_RESP, pdu.INVALID_BIND_STATE, 1),
            (pdu.GENERIC_NACK, pdu.INVALID_COMMAND, 2),
            (pdu.BIND_TRANSMITTER | pdu.RESPONSE, pdu.OK, 3),
            (pdu.BIND_TRANSMITTER | pdu.RESPONSE, pdu.ALREADY_BOUND, 4),
            (pdu.SUBMIT_SM_RESP, pdu.INVALID_DESTINATION, 5),
            (pdu.SUBMIT_SM_RESP, pdu.INVALID_MESSAGE_LENGTH, 6),
            (pdu.SUBMIT_SM_RESP, pdu.INVALID_DESTINATION, 9),
            (pdu.SUBMIT_SM_RESP, pdu.INVALID_SOURCE, 10),
            (pdu.ENQUIRE_LINK_RESP, pdu.OK, 7),
            (pdu.UNBIND_RESP, pdu.OK, 8),
        ]

    run(scenario())


def test_a_queue_without_a_receiver_is_bounded(run, carrier, connected):
    async def scenario():
        async with carrier(queue_limit=5) as simulator, connected(simulator.port, bind="pair") as (link, listener):
            while not link.receiving:
                await asyncio.sleep(0.001)
            server_side = next(c for c in simulator._connections if c.command == pdu.BIND_RECEIVER)
            simulator._accounts["u"].receivers.remove(server_side)
            for key in range(8):
                send(link, key=key)
            await listener.until(lambda: len(listener.answers) == 8)
            assert (len(simulator._accounts["u"].queue), simulator.counts.forgotten) == (5, 3)
            simulator._accounts["u"].receivers.append(server_side)

    run(scenario())


def test_tls_is_verified(run, connected, tmp_path):
    """The link speaks TLS, and refuses a certificate nobody vouches for unless told otherwise."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key]
        + [
            "-out",
            certificate,
            "-days",
            "2",
            "-subj",
            "/CN=carrier.test",
            "-addext",
            "subjectAltName=DNS:carrier.test",
        ],
        check=True,
        capture_output=True,
    )

    async def scenario():
        simulator = server.Simulator(server.SimulatorConfig())
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        listening = await asyncio.get_running_loop().create_server(
            lambda: Connection(simulator), "127.0.0.1", 0, ssl=context
        )
        port = listening.sockets[0].getsockname()[1]
        try:
            async with connected(port, tls=True, wait=False) as (link, _):
                while not link.last_error:
                    await asyncio.sleep(0.001)
                assert "CERTIFICATE_VERIFY_FAILED" in link.last_error
            async with connected(port, tls=True, tls_ca_file=str(certificate), wait=False) as (link, _):
                while not link.last_error:
                    await asyncio.sleep(0.001)
                assert "IP address mismatch" in link.last_error
            trusted = {"tls_ca_file": str(certificate), "tls_name": "carrier.test"}
            for options in (trusted, {"tls_verify": False}):
                async with connected(port, tls=True, **options) as (link, listener):
                    send(link)
                    await listener.until(lambda listener=listener: listener.deliveries)
        finally:
            listening.close()
            await simulator.close()

    run(scenario())


def test_the_command_runs_records_and_stops_cleanly(run, connected, tmp_path):
    """`manage.py smsc` as a process: no database, the port in a file, SIGTERM unbinds and exits 0."""
    port_file, record = tmp_path / "port", tmp_path / "record"
    # A folder in which no server runs, and no address of another one.
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    environment |= {"VAR_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "console.settings"}
    process = subprocess.Popen(
        [
            sys.executable,
            "manage.py",
            "smsc",
            "--port",
            "0",
            "--port-file",
            port_file,
            "--record",
            record,
            "--log",
            "error",
        ]
        + ["--system-id", "u", "--password", "p"],
        cwd=ROOT,
        env=environment,
    )

    async def scenario():
        while not port_file.exists():
            assert process.poll() is None
            await asyncio.sleep(0.01)
        async with connected(int(port_file.read_text())) as (link, listener):
            send(link)
            await listener.until(lambda: listener.deliveries)
            process.send_signal(signal.SIGTERM)
            await listener.until(lambda: "down: the carrier unbound" in listener.events)

    try:
        run(scenario())
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
    assert [entry["number"] for entry in read_record(record)] == ["8613800000000"]
