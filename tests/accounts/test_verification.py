"""Real-name verification: the form, the submission, and what the answer brings about."""

import io
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from PIL import Image
from stdnum.cn import uscc

from accounts import verification
from accounts.forms.verification import credit_code_fault
from accounts.models import AuditEntry, Document, Notice, ReviewState, Role, Verification
from console.lib.errors import NotAllowed
from tests import make

pytestmark = pytest.mark.django_db
CODE = make.CREDIT_CODE


@pytest.fixture
def home():
    return make.enterprise(name="Qinghe", verified=False)


@pytest.fixture
def owner(home):
    return make.user(role=Role.OWNER, of=home, name="Wang Lan", language="en")


def licence(name="licence.png"):
    out = io.BytesIO()
    Image.new("RGB", (80, 60), "#336699").save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue(), "image/png")


def form(**changes):
    values = {
        "name": "清禾零售集团有限公司",
        "country": "CN",
        "credit_code": "91 110000 600037341l",
        "address": "北京市东城区王府井大街9号",
        "legal_person": "王兰",
        "declared": "on",
        "licence": licence(),
    } | changes
    return {key: value for key, value in values.items() if value is not None}


def claim(**changes):
    values = {"name": "Qinghe", "country": "CN", "credit_code": CODE, "address": "1 Road", "legal_person": "Wang"}
    return verification.Claim(**values | {"licence": None} | changes)


def test_a_claim_goes_to_the_reviewers_with_its_licence(owner, home, sign_in):
    client = sign_in(owner)
    assert client.post("/enterprise/verification/new/", form()).status_code == 302
    made = Verification.objects.get()
    assert (made.review_state, made.submitted_by, made.credit_code) == (ReviewState.IN_REVIEW, owner, CODE)
    assert made.licence.enterprise == home and made.due_at
    page = client.get("/enterprise/verification/").content.decode()
    assert "It is decided by" in page and "王兰" in page and "licence" in page
    assert home.verified_at is None


def test_a_form_posted_twice_makes_one(owner, sign_in):
    client = sign_in(owner)
    assert {client.post("/enterprise/verification/new/", form()).status_code for _ in range(2)} == {302}
    assert Verification.objects.count() == Document.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"declared": None}, "declared"),
        ({"licence": None}, "licence"),
        ({"licence": SimpleUploadedFile("licence.png", b"no picture")}, "licence"),
        ({"name": ""}, "name"),
        ({"country": "QQ"}, "country"),
        ({"credit_code": "9111"}, "credit_code"),
        ({"country": "HK", "credit_code": "1"}, "credit_code"),
        ({"country": "HK", "credit_code": "<b>123456</b>"}, "credit_code"),
        ({"legal_person": " "}, "legal_person"),
    ],
)
def test_what_is_missing_or_wrong_stands_at_its_field(owner, sign_in, changes, field):
    answer = sign_in(owner).post("/enterprise/verification/new/", form(**changes))
    assert answer.status_code == 422
    assert f'id="id_{field}-error"' in answer.content.decode()
    assert not Verification.objects.exists() and not Document.objects.exists()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (CODE, ""),
        ("12345", "has 5 characters"),
        (CODE + "1", "has 19 characters"),
        ("9111000060003734IL", "contains I"),
        ("9111000O600037341L", "contains O"),
        ("A1110000600037341L", "first 8 characters are digits"),
        ("91110000_00037341L", "digits and capital letters"),
        ("91110000600037341M", "last character does not fit"),
        ("91110000600037314L", "last character does not fit"),
        ("92110000600037341" + uscc.calc_check_digit("92110000600037341"), "individual businesses, which may not join"),
    ],
)
def test_each_mistake_in_a_credit_code_has_its_own_words(code, said):
    fault = str(credit_code_fault(code))
    assert said in fault if said else fault == ""


def test_other_countries_have_registration_numbers(owner, sign_in):
    sign_in(owner).post("/enterprise/verification/new/", form(country="HK", credit_code="BR-1234567"))
    assert Verification.objects.get().credit_code == "BR-1234567"


def test_approval_makes_the_facts_the_enterprises_own(owner, home):
    made = make.verification(by=owner, name="清禾零售集团有限公司", country="HK", approved=True)
    home.refresh_from_db()
    assert (home.name, home.country, home.address, home.credit_code) == (
        "清禾零售集团有限公司",
        "HK",
        "1 Test Road",
        CODE,
    )
    assert home.verified_at == made.decided_at
    notice = Notice.objects.get()
    assert (notice.code, notice.enterprise) == ("verification.approved", home)
    entry = AuditEntry.objects.get(verb="enterprise.verified")
    assert (entry.before["name"], entry.after["name"]) == ("Qinghe", "清禾零售集团有限公司")


def test_a_rejection_says_why_and_the_form_comes_filled(owner, home, sign_in):
    before = make.verification(by=owner, legal_person="王兰", approved=False)
    home.refresh_from_db()
    assert home.verified_at is None
    assert Notice.objects.get().facts["reason"] == "The licence cannot be read."
    client = sign_in(owner)
    assert "The licence cannot be read." in client.get("/enterprise/verification/").content.decode()
    page = client.get("/enterprise/verification/new/").content.decode()
    assert "The licence cannot be read." in page and 'value="王兰"' in page
    client.post("/enterprise/verification/new/", form(licence=None))
    again = Verification.objects.latest("pk")
    assert again != before and again.licence == before.licence, "the licence was fine; it is sent in again"


def test_without_any_licence_nothing_is_sent_in(owner, home):
    with pytest.raises(NotAllowed, match="licence"):
        verification.submit(claim(), enterprise=home, by=owner)
    assert not Verification.objects.exists()


def test_the_old_approval_holds_while_a_change_is_reviewed(owner, home, sign_in):
    make.verification(by=owner, name="Old Name", approved=True)
    client = sign_in(owner)
    client.post("/enterprise/verification/new/", form(name="New Name"))
    home.refresh_from_db()
    assert home.verified_at and home.name == "Old Name"
    verified = home.verified_at
    Verification.objects.latest("pk").move(ReviewState.REJECTED, by=make.reviewer(), reason="No.")
    home.refresh_from_db()
    assert (home.name, home.verified_at) == ("Old Name", verified)


def test_withdraw_and_send_in_again(owner, sign_in):
    made = make.verification(by=owner)
    client = sign_in(owner)
    client.post(f"/enterprise/verification/{made.pk}/withdraw/")
    made.refresh_from_db()
    assert made.review_state == ReviewState.WITHDRAWN
    assert "longer become" in client.post(f"/enterprise/verification/{made.pk}/withdraw/", follow=True).content.decode()
    assert client.get("/enterprise/verification/new/").status_code == 200
    assert not Notice.objects.exists()


def test_what_is_decided_while_somebody_withdraws_stays(owner, home):
    made = make.verification(by=owner, approved=True)
    with pytest.raises(NotAllowed):
        verification.withdraw(made, by=owner)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER])
def test_only_managers_send_in(home, role, sign_in):
    client = sign_in(make.user(role=role, of=home))
    assert client.post("/enterprise/verification/new/", form()).status_code == 403
    assert client.get("/enterprise/verification/").status_code == 200


def test_history_shows_each_submission(owner, sign_in):
    first = make.verification(by=owner, legal_person="Erste", approved=False)
    make.verification(by=owner, legal_person="Zweite")
    client = sign_in(owner)
    page = client.get("/enterprise/verification/").content.decode()
    assert "Zweite" in page and f"/enterprise/verification/{first.pk}/" in page
    assert "Erste" in client.get(f"/enterprise/verification/{first.pk}/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_send_in_at_once_one_wins(owner, home):
    make.verification(by=owner, approved=False)
    faults = []

    def send():
        try:
            verification.submit(claim(), enterprise=home, by=owner)
        except NotAllowed as fault:
            faults.append(str(fault))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(faults) == 3 and "already being reviewed" in faults[0]
    assert Verification.objects.filter(review_state=ReviewState.IN_REVIEW).count() == 1
