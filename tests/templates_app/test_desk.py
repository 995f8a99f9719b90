"""The reviewers' desk: its order, and its pages for verifications and requests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Enterprise, Request, RequestKind, Review, ReviewState, Role, Verification
from accounts.models.enterprise import EnterpriseState
from templates_app import review_facts, reviews
from templates_app.models import Signature
from tests import make

pytestmark = pytest.mark.django_db
CODE = "91110000600037341L"  # its check character is right
WRONG_CODE = "911100006000373411"


@pytest.fixture
def olive(db):
    return make.user(role=Role.OWNER, name="Olive Tan", language="en")


def verification(by, *, decided=None, **fields):
    facts = {
        "name": "清禾零售集团",
        "credit_code": CODE,
        "country": "CN",
        "address": "上海市",
        "legal_person": "王清",
        "declared": True,
    }
    licence = fields.pop("licence", None) or make.document(by=by)
    made = Verification.objects.create(enterprise=make.home(by), licence=licence, **facts | fields)
    made.move(ReviewState.IN_REVIEW, by=by)
    if decided:
        made.move(decided, by=make.reviewer(), reason="Business licence cannot be read")
    return made


def due_in(thing, minutes):
    when = None if minutes is None else timezone.now() + timedelta(minutes=minutes)
    type(thing)._default_manager.filter(pk=thing.pk).update(due_at=when)


def test_what_is_due_first_stands_on_top(olive, bob):
    version = make.template(by=olive, approved=None)
    signature = make.signature(by=olive, approved=None, name="清禾到家")
    claim, asked = verification(olive), make.request(by=olive)
    for thing, minutes in ((version, None), (signature, 90), (claim, -20), (asked, 15)):
        due_in(thing, minutes)
    assert [item.kind for item in reviews.waiting(bob)] == ["verification", "request", "signature", "template"]


def test_of_what_is_due_together_the_first_come_is_the_first(olive, bob):
    second, first = make.request(by=olive), make.template(by=olive, approved=None)
    due = timezone.now()
    for thing, minutes in ((second, 5), (first, 9)):
        type(thing)._default_manager.filter(pk=thing.pk).update(
            due_at=due, submitted_at=due - timedelta(minutes=minutes)
        )
    assert [item.kind for item in reviews.waiting(bob)] == ["template", "request"]


def test_the_queue_says_how_long_there_is(olive, bob, sign_in):
    version, asked = make.template(by=olive, approved=None), make.request(by=olive)
    due_in(version, -11.5)
    due_in(asked, 16.5)
    page = sign_in(bob).get("/reviews/").content.decode()
    assert "overdue 11 min" in page and "due-over" in page
    assert "due in 16 min<" in page and "due-soon" in page


def test_overdue_is_told_to_the_applicant(olive, sign_in):
    signature = make.signature(by=olive, approved=None)
    client = sign_in(olive)
    assert "It is decided by" in client.get(f"/cn/signatures/{signature.pk}/").content.decode()
    due_in(signature, -5)
    assert "In review, and late." in client.get(f"/cn/signatures/{signature.pk}/").content.decode()
    version = make.template(by=olive, approved=None)
    assert "It is decided by" in client.get(f"/cn/templates/{version.template_id}/").content.decode()


def test_a_decided_thing_promises_nothing(olive, sign_in):
    signature = make.signature(by=olive)
    assert "decided by" not in sign_in(olive).get(f"/cn/signatures/{signature.pk}/").content.decode()


def test_verification_page_shows_what_is_needed(olive, bob, sign_in):
    verification(olive, decided=ReviewState.REJECTED)
    claim = verification(olive)
    page = sign_in(bob).get(f"/reviews/verification/{claim.pk}/").content.decode()
    for words in (CODE, "check character fits", "王清", "licence.png", "1. Rejected by", "2. Sent in by Olive Tan"):
        assert words in page, words
    assert "Others go by the same facts" not in page and "Changed since it was verified" not in page


def test_verification_page_warns_of_a_wrong_code(olive, bob, sign_in):
    claim = verification(olive, credit_code=WRONG_CODE)
    assert "check character does not fit" in sign_in(bob).get(f"/reviews/verification/{claim.pk}/").content.decode()


def test_codes_of_other_countries_are_not_checked(olive):
    assert review_facts.code_holds(verification(olive, country="DE", credit_code="HRB 1234")) is None


def test_others_of_the_same_code_or_name_are_named(olive, mallory, bob, sign_in):
    same_code = verification(mallory, name="Another name", decided=ReviewState.APPROVED)
    stranger = make.user(role=Role.OWNER)
    same_name = verification(stranger, credit_code=WRONG_CODE)
    gone = make.user(role=Role.OWNER)
    verification(gone, decided=ReviewState.REJECTED)
    claim = verification(olive)
    twins = [(enterprise.pk, code) for enterprise, code in review_facts.twins(claim)]
    assert twins == [(same_code.enterprise_id, True), (same_name.enterprise_id, False)]
    page = sign_in(bob).get(f"/reviews/verification/{claim.pk}/").content.decode()
    assert "Others go by the same facts" in page and "same credit code" in page and "same name" in page


def test_changes_against_what_was_verified(olive, bob, sign_in):
    first = verification(olive, decided=ReviewState.APPROVED)
    second = verification(olive, licence=first.licence, legal_person="李禾", country="HK")
    before = review_facts.approved_before(second)
    assert before and before == first
    found = review_facts.changes(before, second)
    assert [(change.before, change.now) for change in found] == [("China", "Hong Kong SAR China"), ("王清", "李禾")]
    page = sign_in(bob).get(f"/reviews/verification/{second.pk}/").content.decode()
    assert "Changed since it was verified" in page and "李禾</ins>" in page


def test_approving_a_verification_on_the_desk(olive, bob, sign_in):
    claim = verification(olive)
    assert sign_in(bob).post(f"/reviews/verification/{claim.pk}/", {"decision": "approve"}).url == "/reviews/"
    assert Enterprise.objects.get(pk=olive.enterprise_id).credit_code == CODE


@pytest.mark.parametrize(
    ("kind", "why", "words"),
    [
        ("verification", "unreadable", "Business licence cannot be read"),
        ("verification", "legal_person", "Legal person differs from the licence"),
        ("request", "need", "The need is not explained"),
    ],
)
def test_each_kind_has_reasons_of_its_own(olive, bob, sign_in, kind, why, words):
    thing = verification(olive) if kind == "verification" else make.request(by=olive)
    client, url = sign_in(bob), f"/reviews/{kind}/{thing.pk}/"
    assert words in client.get(url).content.decode()
    assert client.post(url, {"decision": "reject", "why": "link"}).status_code == 422
    assert client.post(url, {"decision": "reject", "why": "other"}).status_code == 422
    assert client.post(url, {"decision": "reject", "why": why}).url == "/reviews/"
    thing.refresh_from_db()
    assert (thing.review_state, thing.reason_code) == (ReviewState.REJECTED, why)
    assert thing.reason.startswith(f"{words}. ") and thing.reason_zh


def test_request_page_shows_figures_and_state(olive, bob, sign_in):
    asked = make.request(by=olive, wanted=6, why="Four brands")
    page = sign_in(bob).get(f"/reviews/request/{asked.pk}/").content.decode()
    for words in ("6 in all", "Allowed now", "Four brands", "Active", "Package, then pay per use"):
        assert words in page, words


def test_what_administrators_decide_is_not_a_reviewers(olive, bob, carol, sign_in):
    make.home(olive).move(EnterpriseState.SUSPENDED, by=carol, reason="Complaints")
    asked = make.request(by=olive, kind=RequestKind.RESTART)
    client, url = sign_in(bob), f"/reviews/request/{asked.pk}/"
    page = client.get(url).content.decode()
    assert "Not yours to decide." in page and "for administrators" in page
    assert 'value="approve"' not in page
    answer = client.post(url, {"decision": "approve"})
    assert answer.status_code == 422 and "Only administrators decide this" in answer.content.decode()
    assert "for administrators" not in sign_in(carol).get("/reviews/").content.decode()
    assert sign_in(carol).post(url, {"decision": "approve"}).url == "/reviews/"
    assert Enterprise.objects.get(pk=olive.enterprise_id).state == EnterpriseState.ACTIVE


def test_an_approval_that_makes_no_sense_any_more_is_told(olive, bob, sign_in):
    asked = make.request(by=olive, wanted=4)
    Enterprise.objects.filter(pk=olive.enterprise_id).update(international_applications_max=5)
    answer = sign_in(bob).post(f"/reviews/request/{asked.pk}/", {"decision": "approve"})
    assert answer.status_code == 422 and "cannot be approved any more" in answer.content.decode()
    assert Request.objects.get().review_state == ReviewState.IN_REVIEW


def test_withdrawn_meanwhile_is_told(olive, bob, sign_in):
    claim = verification(olive)
    claim.move(ReviewState.WITHDRAWN, by=olive)
    answer = sign_in(bob).post(f"/reviews/verification/{claim.pk}/", {"decision": "approve"})
    assert answer.status_code == 422 and "The applicant withdrew this meanwhile." in answer.content.decode()


def test_what_the_platform_provides_opens_and_is_not_among_the_decided(olive, bob, sign_in):
    made = Signature.objects.create(
        enterprise=make.home(olive),
        application=make.application(by=olive),
        name="测试签名",
        type="notification",
        purpose="Test",
        review_state=ReviewState.APPROVED,
        built_in=True,
    )
    assert sign_in(bob).get(f"/reviews/signature/{made.pk}/").status_code == 200
    assert reviews.listed(bob, reviews.Filters(reviews.Tab.DECIDED)) == []


def test_markup_in_names_stays_text(olive, bob, sign_in):
    claim = verification(olive, name="<b>x</b>", legal_person="<i>y</i>")
    page = sign_in(bob).get(f"/reviews/verification/{claim.pk}/").content.decode()
    assert "<b>x</b>" not in page and "<i>y</i>" not in page and "&lt;b&gt;x" in page


def test_the_queue_asks_the_database_as_often_for_twenty_as_for_two(bob, sign_in):
    client = sign_in(bob)
    client.get("/reviews/")  # what a session asks once

    def add():
        person = make.user(role=Role.OWNER)
        make.template(by=person, approved=None)
        verification(person)
        make.request(by=person)
        make.request(by=person, kind=RequestKind.OTHER)

    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/reviews/").status_code == 200
        return len(asked)

    add()
    few = queries()
    for _ in range(5):
        add()
    assert len(reviews.waiting(bob)) == 24
    client.get("/reviews/")
    assert queries() == few


def test_people_see_their_own_in_review_and_reviewers_everything(olive, mallory, bob, sign_in):
    asked, claim = make.request(by=olive), verification(mallory)
    assert [(entry.kind, entry.pk) for entry in reviews.waiting(olive)] == [("request", asked.pk)]
    assert [(entry.kind, entry.pk) for entry in reviews.waiting(mallory)] == [("verification", claim.pk)]
    assert len(reviews.waiting(bob)) == reviews.count_waiting() == 2
    assert "More international applications" in sign_in(olive).get("/").content.decode()
    page = sign_in(bob).get("/").content.decode()
    assert "Review 2 items" in page and "Real name" in page


def test_every_kind_of_review_is_on_the_desk():
    assert {kind.model for kind in reviews.KINDS.values()} == set(Review.__subclasses__())
