"""Two implementations of SMPP that are not ours, each at the other end of one of ours."""

import asyncio
import subprocess
import sys
from typing import Any

import pytest
import smpplib.client
import smpplib.consts
import smpplib.gsm
from hypothesis import given
from hypothesis import strategies as st

from console.lib.text import Alphabet, alphabet, segments, split
from sending.carriers.port import ReceiptState

LONG = "【某某银行】尊敬的客户，您的账单已出。" * 10

# smpp.twisted3 as the carrier: answers each submit_sm, then sends its receipt in both of the ways receipts are written.
TWISTED = """
import itertools, sys
from twisted.internet import defer, reactor
from twisted.cred.portal import Portal, IRealm
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from zope.interface import implementer
from smpp.pdu import operations, pdu_types
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.protocol import DataHandlerResponse
from smpp.twisted.server import SMPPServerFactory

ids = itertools.count(1)

def receipt(session, asked, message_id):
    number = int(message_id)
    plain = "id:%s sub:001 dlvrd:001 submit date:2611212045 done date:2611212045 stat:DELIVRD err:000 text:"
    fields = dict(
        source_addr=asked.params["destination_addr"], destination_addr=asked.params["source_addr"],
        esm_class=pdu_types.EsmClass(pdu_types.EsmClassMode.DEFAULT, pdu_types.EsmClassType.SMSC_DELIVERY_RECEIPT),
        short_message=(plain % message_id).encode())
    if number % 2:
        fields.update(short_message=b"", receipted_message_id=message_id.encode(),
                      message_state=pdu_types.MessageState.DELIVERED)
    session.sendDataRequest(operations.DeliverSM(**fields)).addErrback(lambda failure: None)

def handle(system_id, session, asked):
    if asked.commandId != pdu_types.CommandId.submit_sm:
        return pdu_types.CommandStatus.ESME_ROK
    message_id = str(next(ids))
    reactor.callLater(0.02, receipt, session, asked, message_id)
    return DataHandlerResponse(status=pdu_types.CommandStatus.ESME_ROK, message_id=message_id.encode())

@implementer(IRealm)
class Realm:
    def requestAvatar(self, avatar, mind, *interfaces):
        return interfaces[0], avatar, lambda: None

checker = InMemoryUsernamePasswordDatabaseDontUse()
checker.addUser(b"u", b"p"); checker.addUser("u", "p")
config = SMPPServerConfig(systems={"u": {"max_bindings": 4}, b"u": {"max_bindings": 4}}, msgHandler=handle)
factory = SMPPServerFactory(config, auth_portal=Portal(Realm(), [checker]))
listening = reactor.listenTCP(0, factory, interface="127.0.0.1")
print(listening.getHost().port, flush=True)
reactor.run()
"""


@pytest.fixture
def twisted_port(tmp_path):
    script = tmp_path / "smsc.py"
    script.write_text(TWISTED)
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", script], stdout=subprocess.PIPE, stderr=log, text=True
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line, (tmp_path / "log").read_text()
            yield int(line)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@pytest.mark.parametrize("bind", ["transceiver", "pair"])
def test_our_link_with_smpp_twisted(run, connected, twisted_port, bind):
    async def scenario():
        async with connected(twisted_port, bind=bind, unbind_timeout=2.0) as (link, listener):
            while not link.receiving:
                await asyncio.sleep(0.001)
            parts = split(LONG, Alphabet.UCS2)
            assert len(parts) == 3
            link.submit(1, parts, "8613800000000", "10690001", 77, 8)
            link.submit(2, split("Hello {you}", Alphabet.GSM7), "447700900000", "ACME", 78, 0)
            await listener.until(lambda: len(listener.deliveries) == 4 and len(listener.answers) == 4)
            answers = {(key, part): answer.ext_id for key, part, answer in listener.answers}
            assert sorted(answers) == [(1, 0), (1, 1), (1, 2), (2, 0)]
            receipts = {delivery.receipt.ext_id: delivery.receipt for delivery in listener.deliveries}
            assert set(receipts) == set(answers.values())
            assert {receipt.state for receipt in receipts.values()} == {ReceiptState.DELIVERED}
            assert receipts[answers[2, 0]].number == "447700900000"
            assert link.bound

    run(scenario())


def test_wrong_password_at_smpp_twisted(run, connected, twisted_port):
    async def scenario():
        async with connected(twisted_port, password="wrong", wait=False) as (link, _):
            while not link.last_error:
                await asyncio.sleep(0.001)
            assert link.last_error.startswith("bind refused: ESME_R")

    run(scenario())


def drive_smpplib(port, receipts, answers):
    """smpplib as the client: one short and one long message, until all receipts are there. Runs in a thread."""
    client = smpplib.client.Client("127.0.0.1", port, timeout=10, allow_unknown_opt_params=True)
    try:
        client.connect()
        client.set_message_sent_handler(lambda pdu: answers.append(pdu.message_id))
        client.set_message_received_handler(lambda pdu: receipts.append(pdu))
        client.bind_transceiver(system_id="u", password="p")
        for text in ("Hello €", LONG):
            parts, coding, flag = smpplib.gsm.make_parts(text)
            for part in parts:
                client.send_message(
                    source_addr="10690001",
                    destination_addr="8613800000000",
                    short_message=part,
                    data_coding=coding,
                    esm_class=flag,
                    registered_delivery=True,
                )
        while len(receipts) < 4 or len(answers) < 4:
            client.read_once()
        client.unbind()
    finally:
        client.disconnect()


def test_smpplib_with_our_simulator(run, carrier, tmp_path):
    receipts: list[Any] = []
    answers: list[bytes] = []

    async def scenario():
        record = tmp_path / "record"
        async with carrier(record=record, system_id="u", password="p") as simulator:
            await asyncio.to_thread(drive_smpplib, simulator.port, receipts, answers)
            assert simulator.counts.accepted == 4
            while simulator.counts.delivered != 4:
                await asyncio.sleep(0.001)
        lines = record.read_text()
        assert lines.count('"parts":3') == 3

    run(scenario())
    assert sorted(pdu.receipted_message_id for pdu in receipts) == sorted(answers)
    assert all(b"stat:DELIVRD" in pdu.short_message for pdu in receipts)


@given(st.text(alphabet="ab€[中", min_size=1, max_size=500) | st.text(alphabet="a€", min_size=1, max_size=500))
def test_smpplib_counts_the_same_segments(text):
    # Nothing beyond the basic plane, and no empty text: there smpplib cuts pairs, and makes no part at all.
    parts, coding, _ = smpplib.gsm.make_parts(text)
    ours = alphabet(text, mainland=False)
    assert (coding == smpplib.consts.SMPP_ENCODING_DEFAULT) == (ours is Alphabet.GSM7)
    assert len(parts) == segments(text, mainland=False) == len(split(text, ours))
