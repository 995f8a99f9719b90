"""What applicants see and do about what they have sent in, of every kind: questions, urging, reasons, notices."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone, translation
from PIL import Image

from accounts import clock, reviewing
from accounts.models import Contact, Document, Notice, ReviewState, Role
from accounts.models.document import DocumentPurpose
from accounts.models.outbox import OutgoingMail
from console.lib.errors import NotAllowed
from templates_app import reviews, submissions
from templates_app.models import Signature, SignatureActivation
from templates_app.models.signature import Dormancy
from templates_app.reviews import KINDS
from tests import make

pytestmark = pytest.mark.django_db
QUESTION, QUESTION_ZH = "Whose name is it?", "这是谁的名称？"


@pytest.fixture
def olga(db):
    """Owner: may send in everything."""
    return make.user(role=Role.OWNER, name="Olga Lin", language="en")


def sent_in(kind, by):
    """Something of this kind that is in review."""
    if kind == "activation":
        signature = make.signature(by=by)
        Signature.objects.filter(pk=signature.pk).update(dormancy=Dormancy.DORMANT)
        made = SignatureActivation.objects.create(enterprise=make.home(by), signature=signature, why="Spring sale")
        made.move(ReviewState.IN_REVIEW, by=by)
        return made
    if kind in ("verification", "request"):
        return getattr(make, kind)(by=by)
    return getattr(make, kind)(by=by, approved=None)


def returned(kind, by, reviewer):
    item = sent_in(kind, by)
    item.move(ReviewState.RETURNED, by=reviewer, reason=QUESTION, reason_zh=QUESTION_ZH)
    return item


def late(kind, by):
    item = sent_in(kind, by)
    type(item).objects.filter(pk=item.pk).update(due_at=timezone.now() - timedelta(hours=1))
    item.refresh_from_db()
    return item


def url(deed, kind, item):
    return reverse(f"submission-{deed}", kwargs={"kind": kind, "pk": item.pk})


def page_of(client, item):
    answer = client.get(submissions.address(item))
    assert answer.status_code == 200
    return answer.content.decode()


def picture(name="proof.png"):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "#225588").save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue(), "image/png")


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_is_read_in_ones_language_and_answered(kind, olga, carol, sign_in):
    item = returned(kind, olga, carol)
    left, client = item.time_left, sign_in(olga)
    assert item.due_at is None and left
    text = page_of(client, item)
    assert QUESTION in text and url("answer", kind, item) in text
    olga.language = "zh-hans"
    olga.save()
    assert QUESTION_ZH in page_of(client, item)
    asked = client.get(url("answer", kind, item))
    assert asked.status_code == 200 and QUESTION_ZH in asked.content.decode()
    answer = client.post(url("answer", kind, item), {"words": "Ours.\r\nSince 2019."})
    assert (answer.status_code, answer.url) == (302, submissions.address(item))
    item.refresh_from_db()
    assert (item.review_state, item.answer) == (ReviewState.IN_REVIEW, "Ours.\nSince 2019.")
    assert item.due_at and item.time_left == left


def test_a_document_alone_is_an_answer_and_an_ID_card_stays_with_those_who_may_see_it(olga, carol, sign_in):
    client = sign_in(olga)
    for kind, purpose in (("signature", DocumentPurpose.PROOF), ("qualification", DocumentPurpose.IDENTITY)):
        item = returned(kind, olga, carol)
        assert client.post(url("answer", kind, item), {"document": picture()}).status_code == 302
        item.refresh_from_db()
        assert item.answer == "" and item.answer_document.purpose == purpose
        assert item.answer_document in Document.objects.visible_to(carol)
        viewer = make.user(role=Role.VIEWER, of=olga.enterprise)
        may_see = item.answer_document in Document.objects.visible_to(viewer)
        assert may_see == (purpose == DocumentPurpose.PROOF)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Write an answer, or add the document"),
        ({"words": "   "}, "Write an answer, or add the document"),
        ({"words": "x" * 1001}, "1001"),
        ({"words": "x" * 1_000_000}, "1000000"),
        ({"words": "a\x00b"}, "Null characters"),
        ({"document": SimpleUploadedFile("proof.png", b"not a picture", "image/png")}, "id_document-error"),
    ],
)
def test_a_bad_answer_is_refused_on_its_page(sent, words, olga, carol, sign_in):
    item = returned("signature", olga, carol)
    answer = sign_in(olga).post(url("answer", "signature", item), sent)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert words in text and QUESTION in text
    item.refresh_from_db()
    assert item.review_state == ReviewState.RETURNED


def test_an_answer_that_comes_too_late_says_so(olga, carol, sign_in):
    item = returned("signature", olga, carol)
    client = sign_in(olga)
    item.move(ReviewState.REJECTED, by=carol, reason="No answer")
    answer = client.post(url("answer", "signature", item), {"words": "Ours."})
    assert answer.status_code == 422 and "Load the page again" in answer.content.decode()
    assert client.get(url("answer", "signature", item)).url == submissions.address(item)
    item.refresh_from_db()
    assert item.answer == ""


@pytest.mark.parametrize("kind", KINDS)
def test_who_may_not_send_it_in_does_not_answer_or_urge(kind, olga, carol, bob, mallory, sign_in):
    item = returned(kind, olga, carol)
    viewer = make.user(role=Role.VIEWER, of=olga.enterprise, language="en")
    operator = make.user(role=Role.OPERATOR, of=olga.enterprise, language="en")
    writes = kind in ("signature", "activation", "template")
    expected = [(viewer, 403), (operator, 302 if writes else 403), (mallory, 404), (carol, 403), (bob, 403)]
    for person, status in expected:
        for deed in ("urge", "answer"):
            answer = sign_in(person).post(url(deed, kind, item), {"words": "Ours."})
            assert answer.status_code == status, f"{person.role} {deed}"
    text = page_of(sign_in(viewer), item)
    assert url("answer", kind, item) not in text and url("urge", kind, item) not in text


def test_an_unknown_kind_is_not_found(olga, sign_in):
    assert sign_in(olga).get("/submissions/user/1/answer/").status_code == 404


def test_what_was_deleted_is_not_found(olga, sign_in):
    item = make.template(by=olga, approved=False)
    type(item.template).objects.filter(pk=item.template_id).update(removed_at=timezone.now())
    assert sign_in(olga).post(url("urge", "template", item)).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_late_is_urged_once(kind, olga, sign_in):
    item, client = late(kind, olga), sign_in(olga)
    text = page_of(client, item)
    assert "In review, and late." in text and url("urge", kind, item) in text
    client.post(url("urge", kind, item), {"words": "The sale begins."})
    item.refresh_from_db()
    assert item.urged_at and item.urge_words == "The sale begins."
    text = page_of(client, item)
    assert "stands first in the reviewers’ queue" in text and url("urge", kind, item) not in text
    again = client.post(url("urge", kind, item), {"words": "Please."}, follow=True)
    assert "It has been urged already" in again.content.decode()
    item.refresh_from_db()
    assert item.urge_words == "The sale begins."


def test_what_is_in_time_is_not_urged(olga, sign_in):
    item = sent_in("signature", olga)
    client = sign_in(olga)
    text = page_of(client, item)
    assert "In review." in text and "at the latest" in text and url("urge", "signature", item) not in text
    assert "It is not late yet" in client.post(url("urge", "signature", item), follow=True).content.decode()
    item.refresh_from_db()
    assert item.urged_at is None


def test_long_words_do_not_urge(olga, sign_in):
    item = late("signature", olga)
    answer = sign_in(olga).post(url("urge", "signature", item), {"words": "x" * 201}, follow=True)
    assert "200" in answer.content.decode()
    item.refresh_from_db()
    assert item.urged_at is None


def test_people_of_elsewhere_urge_nothing(olga, mallory, carol):
    item = late("signature", olga)
    for person in (mallory, carol):
        with pytest.raises(NotAllowed, match="Only people of the enterprise"):
            reviewing.urge(item, "", by=person)


@pytest.mark.parametrize("kind", KINDS)
def test_a_rejection_is_read_in_ones_language(kind, olga, carol, sign_in):
    item = sent_in(kind, olga)
    item.move(ReviewState.REJECTED, by=carol, reason="The name is another’s.", reason_zh="名称属于他人。")
    client = sign_in(olga)
    text = page_of(client, item)
    assert "Rejected." in text and "The name is another’s." in text and "名称属于他人。" not in text
    olga.language = "zh-hans"
    olga.save()
    text = page_of(client, item)
    assert "名称属于他人。" in text and "The name is another’s." not in text.split("<aside")[0]


def test_what_waits_says_for_what_and_what_the_system_took_back_says_why(olga, carol, sign_in):
    held = make.qualification(by=olga, approved=None, name="总公司资质")
    signature = Signature.objects.create(
        enterprise=olga.enterprise, application=make.application(by=olga), name="清禾", type="notification",
        purpose="Notices", qualification=held,
    )  # fmt: skip
    signature.move(ReviewState.WAITING, by=olga)
    client = sign_in(olga)
    text = page_of(client, signature)
    assert "waits for its qualification" in text and held.get_absolute_url() in text and "总公司资质" in text
    held.move(ReviewState.REJECTED, by=carol, reason="Cannot be read.")
    signature.refresh_from_db()
    assert signature.review_state == ReviewState.WITHDRAWN
    text = page_of(client, signature)
    assert "Taken out of review." in text and "Its qualification “总公司资质” was not approved." in text
    assert Notice.objects.filter(code="signature.withdrawn", path=signature.get_absolute_url()).exists()


def test_an_approval_taken_back_says_why(olga, carol, sign_in):
    item = make.signature(by=olga)
    item.move(ReviewState.INACTIVE, by=carol, reason="Abused.")
    text = page_of(sign_in(olga), item)
    assert "Deactivated by the platform" in text and "Abused." in text


def test_markup_in_a_question_stays_words(olga, carol, sign_in):
    item = sent_in("signature", olga)
    item.move(ReviewState.RETURNED, by=carol, reason="<img src=x onerror=alert(1)>")
    client = sign_in(olga)
    for text in (page_of(client, item), client.get(url("answer", "signature", item)).content.decode()):
        assert "<img src=x" not in text and "&lt;img src=x" in text


# History -----------------------------------------------------------------------------------------------------------


def test_the_history_tells_an_answer_once_and_hides_the_first_approval(olga, carol, bob):
    item = returned("signature", olga, carol)
    reviewing.answer(item, "Ours.", by=olga)
    clock.change_desk({"second_pair": ["signature"]}, why="For the test", by=carol)
    item.approve_first(by=carol)
    item.move(ReviewState.APPROVED, by=bob)
    said = [event.words for event in reviews.history(item, for_staff=False)]
    assert said == [
        "Approved by the platform",
        "Answered by Olga Lin: Ours.",
        f"Question asked by the platform: {QUESTION}",
        "Sent in by Olga Lin",
    ]
    staff = [event.words for event in reviews.history(item, for_staff=True)]
    assert "First approved by Carol Li" in staff and len(staff) == 5
    with translation.override("zh-hans"):
        assert any(QUESTION_ZH in event.words for event in reviews.history(item, for_staff=False))


def test_the_history_tells_what_waited_and_was_passed_on(olga, carol):
    held = make.qualification(by=olga, approved=None)
    signature = Signature.objects.create(
        enterprise=olga.enterprise, application=make.application(by=olga), name="清禾", type="notification",
        purpose="Notices", qualification=held,
    )  # fmt: skip
    signature.move(ReviewState.WAITING, by=olga)
    held.move(ReviewState.APPROVED, by=carol)
    said = [event.words for event in reviews.history(signature, for_staff=False)]
    assert said == ["Passed on to the reviewers", "Sent in by Olga Lin, waits for what it rests on"]


def test_the_history_tells_urging_and_deactivation(olga, carol):
    item = late("signature", olga)
    reviewing.urge(item, "Sale.", by=olga)
    item.move(ReviewState.APPROVED, by=carol)
    item.move(ReviewState.INACTIVE, by=carol, reason="Abused.")
    said = [event.words for event in reviews.history(item, for_staff=False)]
    assert said[0] == "Deactivated by the platform: Abused."
    assert "Urged by Olga Lin: Sale." in said


# Notices -----------------------------------------------------------------------------------------------------------

DECISIONS = [ReviewState.APPROVED, ReviewState.REJECTED, ReviewState.RETURNED]


@pytest.mark.parametrize("decision", DECISIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_every_decision_and_question_is_told_in_the_readers_language(kind, decision, olga, carol, sign_in):
    switch = {"activation": "signature"}.get(kind, kind)
    is_account = kind in ("verification", "request")
    chinese = make.user(role=Role.ADMIN, of=olga.enterprise, language="zh-hans")
    if not is_account:
        for language in ("en", "zh-hans"):
            Contact.objects.create(
                enterprise=olga.enterprise, name=language, email=f"{language}@example.com", language=language
            )
        Contact.objects.create(enterprise=olga.enterprise, name="Off", email="off@example.com", **{switch: False})
    item = sent_in(kind, olga)
    OutgoingMail.objects.all().delete()
    item.move(decision, by=carol, reason="" if decision == "approved" else "In English.", reason_zh="用中文说。")
    to = {sent.recipient: sent.text for sent in OutgoingMail.objects.all()}
    english, other = (olga.email, chinese.email) if is_account else ("en@example.com", "zh-hans@example.com")
    assert {english, other} <= set(to) and "off@example.com" not in to
    if decision != ReviewState.APPROVED:
        assert "In English." in to[english] and "用中文说。" not in to[english]
        assert "用中文说。" in to[other] and "In English." not in to[other]
    notice = Notice.objects.latest("pk")
    assert sign_in(olga).get(notice.path).status_code == 200
    inbox = sign_in(olga).get(reverse("notices")).content.decode()
    assert f'href="{notice.path}"' in inbox


@pytest.mark.parametrize("kind", ["qualification", "signature", "template"])
def test_an_approval_taken_back_is_told(kind, olga, carol):
    item = getattr(make, kind)(by=olga)
    Contact.objects.create(enterprise=olga.enterprise, name="Dana", email="dana@example.com", language="zh-hans")
    OutgoingMail.objects.all().delete()
    item.move(ReviewState.INACTIVE, by=carol, reason="Abused.", reason_zh="被滥用。")
    [sent] = OutgoingMail.objects.all()
    assert sent.recipient == "dana@example.com" and "被滥用。" in sent.text
