"""Qualifications: what may be sent in, by whom it is proved, and what becomes of the signatures that wait for it."""

import re
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone, translation
from stdnum.cn import ric

from accounts import own_numbers
from accounts.models import AuditEntry, Document, Notice, OutgoingText, OwnNumberCode, ReviewState, Role, ServiceMode
from accounts.models.document import DocumentPurpose
from console.lib.documents import Checked, Kind
from console.lib.errors import NotAllowed
from console.lib.text import segments
from templates_app import manager_numbers, qualification_facts, qualification_papers, qualifications, signatures
from templates_app.forms.qualification import id_number_fault
from templates_app.models import ManagerNumber, Qualification, Signature, TemplateVersion, UnsentPaper
from templates_app.models.qualification import CertificateKind, ManagerKind, Purpose
from templates_app.qualifications import Claim
from tests import make

pytestmark = pytest.mark.django_db
NUMBER = "+8613912345678"
OTHER_CODE = "91310000MA1FL0PU3E"


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    monkeypatch.setattr("accounts.outbox.after_commit", lambda task, **ids: None)


@pytest.fixture
def home():
    return make.enterprise(name="清禾零售集团有限公司", credit_code=make.CREDIT_CODE)


@pytest.fixture
def owner(home):
    return make.user(role=Role.OWNER, of=home, name="Wang Lan", language="en")


@pytest.fixture
def proved(home):
    return make.own_number(of=home, number=NUMBER)


def paper(name="licence.png"):
    return Checked(name, Kind.PNG, b"\x89PNG" + name.encode(), 9, 6, 1)


def claim(**changes: Any) -> Claim:
    values: dict[str, Any] = {
        "form": uuid.uuid4(),
        "name": "自用资质",
        "purpose": Purpose.OWN,
        "company": "清禾零售集团有限公司",
        "credit_code": make.CREDIT_CODE,
        "certificate_kind": CertificateKind.LICENCE,
        "manager_kind": ManagerKind.LEGAL_PERSON,
        "manager_name": "王岚",
        "id_number": "310101198001010018",
        "manager_number": NUMBER,
        "manager_email": "wang@example.com",
        "remark": "",
        "papers": {name: paper(f"{name}.png") for name in ("certificate", "id_front", "id_back", "id_in_hand")},
    }
    return Claim(**values | changes)


def third_party(**changes):
    papers = claim().papers | {"letter": paper("letter.png")}
    facts = {"purpose": Purpose.THIRD_PARTY, "company": "禾丰物流有限公司", "credit_code": OTHER_CODE, "papers": papers}
    return claim(**facts | {"name": "禾丰物流"} | changes)


def submit(said, person, before=None):
    return qualifications.submit(said, enterprise=make.home(person), by=person, before=before)


def test_sent_in_with_its_papers(owner, proved):
    made = submit(claim(), owner)
    assert (made.review_state, made.submitted_by, made.company) == (ReviewState.IN_REVIEW, owner, owner.enterprise.name)
    assert made.manager_number_proved_at == proved.verified_at and made.due_at
    purposes = {name: getattr(made, name).purpose for name in ("certificate", "id_front", "id_back", "id_in_hand")}
    assert purposes.pop("certificate") == DocumentPurpose.LICENCE and set(purposes.values()) == {
        DocumentPurpose.IDENTITY
    }


def test_the_id_number_is_nowhere_in_plain(owner, proved):
    made = submit(claim(), owner)
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM templates_app_qualification t")
        row = cursor.fetchone()[0]
    secret = made.id_number
    assert secret == "310101198001010018"
    assert secret not in row and secret.encode().hex() not in row
    said = " ".join(str((e.label, e.detail, e.before, e.after)) for e in AuditEntry.objects.all())
    assert secret not in said and "1980" not in said
    made.move(ReviewState.REJECTED, by=make.reviewer(), reason="Blurred.")
    assert secret not in " ".join(str(n.facts) for n in Notice.objects.all())
    assert made.masked_id_number == "310*************18"


def test_short_numbers_are_hidden_too(owner):
    made = Qualification(enterprise=make.home(owner))
    made.id_number = "E1234"
    assert made.masked_id_number == "E***4"


def test_one_form_makes_one(owner, proved):
    said = claim()
    assert submit(said, owner) == submit(said, owner)
    assert Qualification.objects.count() == 1 and Document.objects.count() == 4


def test_a_name_is_taken_until_it_is_rejected(owner, proved):
    first = submit(claim(), owner)
    with pytest.raises(NotAllowed, match="already have a qualification with this name"):
        submit(claim(), owner)
    assert Document.objects.count() == 4  # nothing of the refused one stays
    first.move(ReviewState.REJECTED, by=make.reviewer(), reason="Blurred.")
    assert submit(claim(), owner).pk != first.pk


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"company": "另一家有限公司"}, "verified name of your enterprise: 清禾零售集团有限公司"),
        ({"credit_code": OTHER_CODE}, "verified code of your enterprise"),
        ({"manager_number": "+8613900000077"}, "Have a code sent"),
    ],
)
def test_self_use_is_of_the_verified_enterprise(owner, proved, changes, why):
    with pytest.raises(NotAllowed, match=why):
        submit(claim(**changes), owner)
    assert not Qualification.objects.exists()


def test_width_and_spaces_make_no_other_company(owner, proved, home):
    type(home).objects.filter(pk=home.pk).update(name="清禾（上海）有限公司")
    made = submit(claim(company="清禾(上海) 有限公司"), owner)
    assert made.company == "清禾（上海）有限公司"


def test_self_use_needs_a_verified_real_name(owner, proved, home):
    type(home).objects.filter(pk=home.pk).update(verified_at=None)
    with pytest.raises(NotAllowed, match="not verified yet"):
        submit(claim(), owner)
    assert submit(third_party(), owner)


def test_ones_own_enterprise_is_no_third_party(owner, proved):
    with pytest.raises(NotAllowed, match="your own enterprise"):
        submit(third_party(credit_code=make.CREDIT_CODE), owner)


def test_an_enterprise_registered_abroad_has_its_registration_number(owner, proved, home):
    type(home).objects.filter(pk=home.pk).update(credit_code="BR-1234567", country="HK")
    assert submit(claim(credit_code="BR-1234567"), owner).credit_code == "BR-1234567"


@pytest.mark.parametrize("state", ["suspended", "mode"])
def test_nothing_new_begins_where_nothing_may_be_sent(owner, proved, home, carol, state):
    if state == "suspended":
        home.move("suspended", by=carol, reason="Complaints")
    else:
        type(home).objects.filter(pk=home.pk).update(service_mode=ServiceMode.PACKAGE_ONLY)
    with pytest.raises(NotAllowed):
        submit(claim(), owner)


def test_an_agent_acts_for_one_company(owner, proved):
    submit(third_party(manager_kind=ManagerKind.AGENT), owner)
    again = {"manager_kind": ManagerKind.AGENT, "name": "另一份", "form": uuid.uuid4()}
    assert submit(third_party(**again), owner)  # several of one company may share the agent
    with pytest.raises(NotAllowed, match="acts for 禾丰物流有限公司"):
        submit(claim(manager_kind=ManagerKind.AGENT), owner)
    assert submit(claim(), owner)  # a legal person may stand for several


def test_third_party_without_a_letter_is_refused_by_the_database(owner):
    with pytest.raises(IntegrityError, match="third_party_has_letter"), transaction.atomic():
        make.qualification(by=owner, purpose=Purpose.THIRD_PARTY)


def test_what_was_sent_in_is_frozen(owner):
    made = make.qualification(by=owner)
    for change in ({"manager_name": "Li"}, {"credit_code": "X"}, {"remark": "x"}, {"manager_id": b"1"}):
        with pytest.raises(IntegrityError, match="cannot be changed"), transaction.atomic():
            Qualification.objects.filter(pk=made.pk).update(**change)


def rejected(owner, **fields):
    return make.qualification(by=owner, approved=False, **fields)


def test_sent_in_again_in_place_of_the_rejected_one(owner, proved):
    before = rejected(owner)
    made = submit(claim(id_number="", papers={"id_front": paper()} | old_papers(before, "id_front")), owner, before)
    before.refresh_from_db()
    assert made.replaces == before and before.removed_at and before.review_state == ReviewState.REJECTED
    assert made.id_number == before.id_number and made.manager_mac == before.manager_mac
    assert made.certificate == before.certificate and made.id_front != before.id_front
    facts = qualification_facts.of_qualification(made)
    assert {change.label for change in facts["changes"]} >= {"name", "ID card, portrait side"}
    with pytest.raises(NotAllowed, match="meanwhile"):
        submit(claim(name="x"), owner, before)


def old_papers(before, *but):
    names = [name for name in Qualification.DOCUMENTS if name not in but]
    return {name: getattr(before, name) for name in names if getattr(before, name)}


def test_an_approved_one_is_not_replaced(owner, proved):
    before = make.qualification(by=owner)
    with pytest.raises(NotAllowed):
        submit(claim(), owner, before)
    assert Qualification.objects.count() == 1


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("310101198001010018", ""),
        ("E12345678", ""),
        ("H0123456789", ""),
        ("12345678", ""),
        ("310101198001010013", "last character"),
        ("31010119800101001", "has 17 characters"),
        ("3101011980010100188", "has 19 characters"),
        ("1234", "5 to 20"),
        ("A" * 21, "5 to 20"),
        ("12345-6789", "5 to 20"),
        ("<b>12345</b>", "5 to 20"),
        ("３１０１０１１９８００１０１００１８", "5 to 20"),
        ("310101198013010017", "last character|date of birth"),
    ],
)
def test_each_mistake_in_an_id_number_has_its_own_words(number, said):
    fault = str(id_number_fault(number))
    assert re.search(said, fault) if said else fault == ""


@pytest.mark.parametrize("born", ["19801301", "20991231", "18000101", "19800230"])
def test_a_date_that_is_none_is_named(born):
    start = f"310101{born}001"
    assert "date of birth" in str(id_number_fault(start + ric.calc_check_digit(start + "0")))


# Deleting


def test_what_may_be_deleted(owner):
    kept = {"approved": make.qualification(by=owner), "in review": make.qualification(by=owner, approved=None)}
    gone = rejected(owner)
    qualifications.remove(gone, by=owner)
    with pytest.raises(NotAllowed, match="approved is kept"):
        qualifications.remove(kept["approved"], by=owner)
    with pytest.raises(NotAllowed, match="Withdraw it first"):
        qualifications.remove(kept["in review"], by=owner)
    assert set(Qualification.objects.visible_to(owner)) == set(kept.values())
    assert AuditEntry.objects.filter(verb="qualification.removed", object_id=gone.pk).exists()


def test_what_a_signature_rests_on_is_kept(owner, carol):
    held = make.qualification(by=owner)
    sign = make.signature(by=owner, qualification=held)
    held.move(ReviewState.INACTIVE, by=carol, reason="Expired.")
    with pytest.raises(NotAllowed, match=f"signature {sign} rests on it"):
        qualifications.remove(held, by=owner)


def test_many_at_once(owner):
    gone = [rejected(owner) for _ in range(3)]
    kept = make.qualification(by=owner)
    result = qualifications.remove_many([*gone, kept], by=owner)
    assert result.deleted == 3 and list(result.refused.values()) == [[kept]]
    with pytest.raises(NotAllowed, match="At most 100"):
        qualifications.remove_many([kept] * 101, by=owner)


# Signatures that wait


def waiting_signature(owner, held):
    app = make.application(by=owner)
    sign = Signature(
        enterprise=make.home(owner), application=app, name="清禾到家", type="notification", purpose="x",
        qualification=held,
    )  # fmt: skip
    signatures.submit(sign, by=owner)
    assert sign.review_state == ReviewState.WAITING
    template = make.MessageTemplate.objects.create(
        enterprise=make.home(owner), application=app, signature=sign, name="t1", type="notification", created_by=owner
    )
    version = TemplateVersion.objects.create(
        enterprise=make.home(owner), template=template, number=1, text="您好", variables=[], purpose="x"
    )
    version.move(ReviewState.WAITING, by=owner)
    return sign, version


def test_approval_sends_the_signatures_on(owner, bob):
    held = make.qualification(by=owner, approved=None)
    sign, version = waiting_signature(owner, held)
    held.move(ReviewState.APPROVED, by=bob)
    sign.refresh_from_db()
    version.refresh_from_db()
    assert (sign.review_state, version.review_state) == (ReviewState.IN_REVIEW, ReviewState.WAITING)
    assert sign.due_at


@pytest.mark.parametrize("how", ["rejected", "withdrawn"])
def test_otherwise_signatures_and_templates_go_back_with_a_reason(owner, bob, how):
    held = make.qualification(by=owner, approved=None, name="自用 1")
    sign, version = waiting_signature(owner, held)
    if how == "rejected":
        held.move(ReviewState.REJECTED, by=bob, reason="Blurred.")
    else:
        qualifications.withdraw(held, by=owner)
    sign.refresh_from_db()
    version.refresh_from_db()
    assert sign.review_state == ReviewState.WITHDRAWN and version.review_state in {
        ReviewState.WITHDRAWN, ReviewState.DRAFT,
    }  # fmt: skip
    assert "自用 1" in sign.reason and "自用 1" in sign.reason_zh
    assert Notice.objects.filter(code="signature.withdrawn").exists()


# The code


def sent_code(number=NUMBER):
    return OutgoingText.objects.filter(number=number).latest("pk").text[:6]


def test_the_code_proves_the_number_for_a_day(owner, home):
    manager_numbers.send_code(home, NUMBER, by=owner)
    assert manager_numbers.awaited(home, NUMBER)
    assert manager_numbers.prove(home, NUMBER, sent_code(), by=owner) == ""
    assert manager_numbers.proved_at(home, NUMBER)
    manager_numbers.send_code(home, NUMBER, by=owner)  # nothing more to prove: no second text
    assert OutgoingText.objects.count() == 1
    assert manager_numbers.proved_at(make.enterprise(), NUMBER) is None
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert manager_numbers.proved_at(home, NUMBER) is None


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_code_is_one_segment(owner, home, settings, language):
    with translation.override(language):
        manager_numbers.send_code(home, NUMBER, by=owner)
    text = OutgoingText.objects.get()
    assert text.urgent and segments(f"【{settings.PLATFORM_SIGNATURE}】{text.text}", mainland=True) == 1


def test_wrong_codes_are_counted_and_end(owner, home):
    manager_numbers.send_code(home, NUMBER, by=owner)
    code = sent_code()
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        assert manager_numbers.prove(home, NUMBER, wrong, by=owner)
    assert "void" in manager_numbers.prove(home, NUMBER, code, by=owner)
    assert manager_numbers.proved_at(home, NUMBER) is None


def test_an_expired_code_proves_nothing(owner, home):
    manager_numbers.send_code(home, NUMBER, by=owner)
    ManagerNumber.objects.update(code_expires_at=timezone.now() - timedelta(seconds=1))
    assert "expired" in manager_numbers.prove(home, NUMBER, sent_code(), by=owner)


def test_a_code_of_one_number_or_enterprise_proves_no_other(owner, home, mallory):
    manager_numbers.send_code(home, NUMBER, by=owner)
    assert manager_numbers.prove(home, "+8613900000088", sent_code(), by=owner)
    assert manager_numbers.prove(make.home(mallory), NUMBER, sent_code(), by=mallory)


def test_the_limits_are_those_of_own_numbers(owner, home, mallory):
    own_numbers.add(make.home(mallory), NUMBER, by=mallory)
    with pytest.raises(NotAllowed, match="less than a minute ago"):
        manager_numbers.send_code(home, NUMBER, by=owner)
    assert not ManagerNumber.objects.exists()
    for n in range(own_numbers.PER_ENTERPRISE):
        OwnNumberCode.objects.create(enterprise=home, number=f"+86139000001{n:02}", sent_at=timezone.now())
    with pytest.raises(NotAllowed, match="20 codes"):
        manager_numbers.send_code(home, "+8613900000099", by=owner)


# Documents that wait for their form


def test_papers_wait_for_their_form(owner, home, proved, django_capture_on_commit_callbacks):
    form = uuid.uuid4()
    with django_capture_on_commit_callbacks(execute=True):
        qualification_papers.keep(form, {"certificate": paper()}, enterprise=home, by=owner)
        first = qualification_papers.kept(form, by=owner)["certificate"]
        qualification_papers.keep(form, {"certificate": paper("other.png")}, enterprise=home, by=owner)
    kept = qualification_papers.kept(form, by=owner)
    assert kept["certificate"].name == "other.png" and Document.objects.count() == 1
    assert not first.file.storage.exists(str(first.file.name))
    assert qualification_papers.kept(form, by=make.user(of=home)) == {}
    assert qualification_papers.kept(uuid.uuid4(), by=owner) == {}
    made = submit(claim(form=form, papers=claim().papers | kept), owner)
    assert made.certificate == kept["certificate"] and not UnsentPaper.objects.exists()


def test_what_is_never_sent_in_goes_after_a_day(owner, home):
    qualification_papers.keep(uuid.uuid4(), {"id_front": paper()}, enterprise=home, by=owner)
    assert qualification_papers.forget_unsent() == 0
    UnsentPaper.objects.update(kept_at=timezone.now() - timedelta(hours=25))
    assert qualification_papers.forget_unsent() == 1
    assert not Document.objects.exists()


# What reviewers see


def test_twins_elsewhere(owner, mallory):
    mine = make.qualification(by=owner, approved=None)
    theirs = make.qualification(by=mallory, manager_kind=ManagerKind.AGENT, credit_code=OTHER_CODE)
    make.qualification(by=mallory, approved=False)  # rejected ones are no twins
    (twin,) = qualification_facts.twins(mine)
    assert twin.item == theirs and twin.is_agent_of_another
    assert set(twin.same) == {"same ID number", "same mobile number", "same name of the person"}
    facts = qualification_facts.of_qualification(mine)
    assert facts["code_holds"] is True and facts["id_number_fits"] is True and facts["name_fits"] is True
    assert facts["id_number"] == "310101198001010018" and len(facts["papers"]) == 4


# At the same time


def at_once(*deeds):
    """Run them at the same time; the refusals."""
    start, refused = threading.Barrier(len(deeds)), []

    def run(deed):
        start.wait()
        try:
            deed()
        except NotAllowed as problem:
            refused.append(str(problem))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[deed]) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return refused


@pytest.mark.django_db(transaction=True)
def test_a_form_posted_twice_at_once_makes_one(owner, proved):
    said = claim()
    assert at_once(*[lambda: submit(said, owner)] * 4) == []
    assert Qualification.objects.count() == 1 and Document.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_sent_in_again_at_once_makes_one(owner, proved):
    before = rejected(owner)
    papers = old_papers(before)

    def again():
        said = claim(papers=papers, name=f"n{uuid.uuid4()}"[:30])
        submit(said, owner, Qualification.objects.get(pk=before.pk))

    assert len(at_once(again, again)) == 1
    assert Qualification.objects.filter(replaces=before).count() == 1


@pytest.mark.django_db(transaction=True)
def test_deleted_while_it_is_approved(owner, bob):
    for _ in range(3):
        held = make.qualification(by=owner, approved=None)
        refused = at_once(
            lambda held=held: Qualification.objects.get(pk=held.pk).move(ReviewState.APPROVED, by=bob),
            lambda held=held: qualifications.remove(Qualification.objects.get(pk=held.pk), by=owner),
        )
        held.refresh_from_db()
        assert held.review_state == ReviewState.APPROVED and held.removed_at is None and len(refused) == 1


@pytest.mark.django_db(transaction=True)
def test_withdrawn_while_it_is_approved(owner, bob):
    held = make.qualification(by=owner, approved=None)
    refused = at_once(
        lambda: Qualification.objects.get(pk=held.pk).move(ReviewState.APPROVED, by=bob),
        lambda: qualifications.withdraw(Qualification.objects.get(pk=held.pk), by=owner),
    )
    assert len(refused) == 1
