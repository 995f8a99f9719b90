"""Codes: all that can stand with a message has a meaning and an advice, in both languages, and can be looked up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import translation

from accounts.models import Role
from sending import codes, reasons
from sending.carriers.port import LINK_DOWN
from sending.carriers.smpp import pdu, receipts
from sending.models import JobStatus, MessageState, Problem
from sending.states import SkipReason
from tests import make

ROOT = Path(__file__).resolve().parents[2]
# What our own sources give messages as their code: Refused("cannot_be_written"), code="no_report".
OURS = r'(?:Refused\(|code ?= ?|S\.UNKNOWN, |else )"([a-z]+_[a-z_]+|partial)"'


def occurring() -> set[str]:
    reported = {word for _state, word in receipts._STATES.values()}
    said = {
        code
        for name in ("answers.py", "dispatch.py", "gateway.py", "receipts.py", "ledger.py")
        for code in re.findall(OURS, (ROOT / "sending" / name).read_text())
    }
    assert {"no_answer", "connection_lost", "gateway_lost", "partial", "no_report", "cannot_be_written"} <= said
    answers = set(pdu.STATUSES.values()) - {"ESME_ROK"}
    return reported | said | answers | {LINK_DOWN} | set(Problem.values) | set(SkipReason.values)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_code_that_can_occur_has_a_meaning_and_an_advice(language):
    with translation.override(language):
        for code in occurring():
            assert codes.meaning(code) and codes.advice(code), code


def test_the_codes_of_the_product_reference_are_known():
    platform = "E200015 E200018 E200019 E200024 E200025 E200026 E200027 E200028 E200029 E200030 E200031 E200032"
    platform += " E200033 E200037 E200038 E200041 E000503 SC:0012 SC:0013 SC:0014 SC:0015 SC:0016 SC:0017 SC:0018"
    carrier = "DELIVRD EXPIRED DELETED UNDELIV ACCEPTD UNKNOWN REJECTD MILIMIT LIMIT BEYONDN CTLIMIT KEYWORD BLACK"
    carrier += " TDBLACK TSBLACK MBBLACK SPMSERR:165 SPMSERR:166 GB:0014 S:43 908 SVC6001 SVC4001"
    for source, listed in ((codes.CodeSource.PLATFORM, platform), (codes.CodeSource.CARRIER, carrier)):
        for code in listed.split():
            assert codes.CODES[code].source == source


@pytest.mark.parametrize(("code", "source"), [("MA:0041", "carrier"), ("MB:1", "carrier"), ("0x00000400", "answer")])
def test_a_family_of_codes_is_known_by_its_beginning(code, source):
    known = codes.find(code)
    assert known and known.source == source and known.meaning and not known.terminal


def test_what_nobody_has_explained_has_no_meaning_of_ours():
    assert codes.find("XYZ:9") is None and codes.meaning("XYZ:9") == "" == codes.advice("XYZ:9")


def test_the_same_again_is_worth_it_for_what_passes_and_not_for_what_stays():
    assert not codes.CODES["EXPIRED"].terminal and not codes.CODES["LIMIT"].terminal
    assert codes.CODES["MBBLACK"].terminal and codes.CODES["ESME_RINVDSTADR"].terminal


def test_looking_up_goes_by_code_meaning_and_advice():
    with translation.override("en"):
        assert codes.search("mbbl")[0].code == "MBBLACK"
        assert {"MBBLACK", "BLACK"} <= {known.code for known in codes.search("blocklist")}
        assert codes.search("Expired")[0].code == "EXPIRED", "what begins so comes first"
        assert not codes.search("nothing of the kind")
        assert {known.source for known in codes.search("", source="platform")} == {"platform"}
    with translation.override("zh-hans"):
        assert "MBBLACK" in {known.code for known in codes.search("黑名单")}


@pytest.mark.django_db
def test_a_row_says_its_reason_where_there_is_one():
    alice = make.user(language="en")
    job = make.job(by=alice, status=JobStatus.CANCELLED)
    with translation.override("en"):
        assert reasons.of_row(job, MessageState.DELIVERED, "DELIVRD", "") == ""
        assert reasons.of_row(job, MessageState.FAILED, "UNDELIV", "") == "could not be delivered"
        assert reasons.of_row(job, MessageState.FAILED, "XYZ", "") == ""
        assert reasons.of_row(job, MessageState.SKIPPED, "stopped", "") == "The job was cancelled"
        assert (
            reasons.of_row(job, MessageState.QUEUED, "ESME_RTHROTTLED", "") == "tried before: too fast for the carrier"
        )
        assert reasons.of_row(job, MessageState.INVALID, "value_missing", "1").endswith("has no value")
        assert reasons.advice(MessageState.FAILED, "LIMIT") and not reasons.advice(MessageState.DELIVERED, "DELIVRD")


@pytest.mark.django_db
def test_the_page_lists_them_and_finds_one(client):
    client.force_login(make.user(role=Role.VIEWER, language="en"))
    whole = client.get(reverse("codes")).content.decode()
    assert "MBBLACK" in whole and "ESME_RINVDSTADR" in whole and "Number too short" in whole
    found = client.get(reverse("codes"), {"q": "MBBLACK"}).content.decode()
    assert "On the carrier’s blocklist" in found and "UNDELIV" not in found
    assert "No code or meaning like this is known" in client.get(reverse("codes"), {"q": "zzz"}).content.decode()
    assert "MBBLACK" not in client.get(reverse("codes"), {"source": "console"}).content.decode()
