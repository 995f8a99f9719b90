"""The pages of qualifications: who sees what, every rule as a message at its field, and nothing typed is lost."""

import io
import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from accounts.models import Document, OutgoingText, ReviewState, Role
from templates_app.models import Qualification, UnsentPaper
from templates_app.models.qualification import ManagerKind, Purpose
from tests import make

pytestmark = pytest.mark.django_db
NUMBER = "+8613912345678"
CARD = "310101198001010018"
LIST, NEW = "/cn/qualifications/", "/cn/qualifications/new/"
OTHER = {"purpose": "third_party", "company": "禾丰物流有限公司", "credit_code": "91310000MA1FL0PU3E"}


@pytest.fixture(autouse=True)
def no_broker(monkeypatch):
    monkeypatch.setattr("accounts.outbox.after_commit", lambda task, **ids: None)


@pytest.fixture
def home():
    return make.enterprise(name="清禾零售集团有限公司", credit_code=make.CREDIT_CODE)


@pytest.fixture
def owner(home):
    made = make.user(role=Role.OWNER, of=home, name="Wang Lan", language="en")
    make.own_number(of=home, number=NUMBER)
    return made


@pytest.fixture
def before(owner):
    """A rejected one: its papers are sent in again, so that a test need not upload any."""
    return make.qualification(by=owner, approved=False)


def picture(name="card.png", kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (80, 60), "#336699").save(out, kind)
    return SimpleUploadedFile(name, out.getvalue(), "image/png")


def form(**changes):
    values = {
        "form": str(uuid.uuid4()),
        "name": "自用资质",
        "purpose": "own",
        "company": "清禾零售集团有限公司",
        "credit_code": make.CREDIT_CODE.lower(),
        "certificate_kind": "licence",
        "manager_kind": "legal_person",
        "manager_name": "王岚",
        "id_number": "310101 19800101 0018",
        "manager_number": "139 1234 5678",
        "manager_email": "wang@example.com",
        "remark": "",
        "declared": "on",
    } | changes
    return {key: value for key, value in values.items() if value is not None}


def papers():
    return {name: picture(f"{name}.png") for name in ("certificate", "id_front", "id_back", "id_in_hand")}


def shown(answer):
    return answer.content.decode()


def fault(answer, field):
    found = re.search(rf'id="id_{field}-error">.*?<span>(.*?)</span>', shown(answer), re.DOTALL)
    return found[1] if found else None


def test_from_the_empty_list_to_the_submission(owner, home, sign_in):
    client = sign_in(owner)
    page = shown(client.get(LIST))
    assert "No qualification yet" in page and f'href="{NEW}"' in page
    page = shown(client.get(NEW))
    assert 'value="清禾零售集团有限公司"' in page and make.CREDIT_CODE in page and "Sent in now: decided by" in page
    answer = client.post(NEW, form(**papers()))
    made = Qualification.objects.get()
    assert answer.status_code == 302 and answer.url == made.get_absolute_url()
    assert (made.review_state, made.credit_code, made.id_number) == (ReviewState.IN_REVIEW, make.CREDIT_CODE, CARD)
    page = shown(client.get(answer.url))
    assert "It is decided by" in page and "310*************18" in page and CARD not in page
    assert page.count('class="doc quiet"') == 4
    assert "自用资质" in shown(client.get(LIST))


def test_posted_twice_it_is_the_same(owner, before, sign_in):
    client, said = sign_in(owner), form(id_number="")
    first, second = (client.post(f"{NEW}?again={before.pk}", said) for _ in range(2))
    assert first.status_code == second.status_code == 302 and first.url == second.url
    assert Qualification.objects.visible_to(owner).count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"name": ""}, "name", "Give it a name"),
        ({"name": "x" * 61}, "name", "at most 60"),
        ({"name": "x" * 1_000_000}, "name", "at most 60"),
        ({"name": "资质\u202egnp"}, "name", "invisible character in it (U+202E"),
        ({"name": "资\u200b质"}, "name", "invisible character in it (U+200B"),
        ({"name": "<script>x</script>"}, "name", "Leave out the signs"),
        ({"name": "a\0b"}, "name", "Null characters"),
        ({"purpose": "none"}, "purpose", "Select a valid choice"),
        ({"company": ""}, "company", "stands on the certificate"),
        ({"company": "别的公司"}, "company", "verified name of your enterprise"),
        ({"company": "清禾\u202e集团"}, "company", "invisible character"),
        ({"company": "x" * 101, "purpose": "third_party"}, "company", "at most 100"),
        ({"credit_code": OTHER["credit_code"]}, "credit_code", "verified code of your enterprise"),
        (OTHER | {"credit_code": "9131"}, "credit_code", "has 4 characters"),
        (OTHER | {"credit_code": "91310000MA1FL0PU3T"}, "credit_code", "last character does not fit"),
        (OTHER, "letter", "Add the letter of attorney"),
        ({"purpose": "third_party"}, "purpose", "your own enterprise"),
        ({"certificate_kind": "x"}, "certificate_kind", "Select a valid choice"),
        ({"manager_kind": "x"}, "manager_kind", "Select a valid choice"),
        ({"manager_name": ""}, "manager_name", "stands on the ID card"),
        ({"manager_name": "王" * 61}, "manager_name", "at most 60"),
        ({"manager_name": "王\u2066岚"}, "manager_name", "invisible character"),
        ({"id_number": "310101198001010019"}, "id_number", "last character does not fit"),
        ({"id_number": "12"}, "id_number", "5 to 20"),
        ({"id_number": "1" * 1_000_000}, "id_number", "at most 40"),
        ({"manager_number": ""}, "manager_number", "Give the mobile number"),
        ({"manager_number": "12345"}, "manager_number", "too few digits"),
        ({"manager_number": "13900000055"}, "code", "Have a code sent"),
        ({"manager_number": "13900000055", "code": "12"}, "code", "6 digits"),
        ({"manager_number": "13900000055", "code": "123456"}, "code", "There is no code"),
        ({"manager_email": "wang"}, "manager_email", "valid email"),
        ({"remark": "x" * 501}, "remark", "at most 500"),
        ({"remark": "a\u202eb"}, "remark", "invisible character"),
        ({"declared": None}, "declared", "Nothing is sent in without"),
    ],
)
def test_what_is_missing_or_wrong_stands_at_its_field(owner, before, sign_in, changes, field, said):
    answer = sign_in(owner).post(f"{NEW}?again={before.pk}", form(**changes))
    assert answer.status_code == 422 and said.lower() in (fault(answer, field) or "").lower()
    assert Qualification.objects.count() == 1


@pytest.mark.parametrize("length", [1, 60])
def test_names_at_their_bounds(owner, before, sign_in, length):
    answer = sign_in(owner).post(f"{NEW}?again={before.pk}", form(name="资" * length, manager_name="王" * length))
    assert answer.status_code == 302
    assert Qualification.objects.latest("pk").name == "资" * length


def test_without_papers_each_is_asked_for(owner, sign_in):
    answer = sign_in(owner).post(NEW, form())
    assert answer.status_code == 422
    for field in ("certificate", "id_front", "id_back", "id_in_hand"):
        assert "Choose a" in fault(answer, field)


def test_the_id_card_is_no_pdf_and_no_page(owner, before, sign_in):
    pdf = SimpleUploadedFile("card.pdf", minimal_pdf(), "application/pdf")
    html = SimpleUploadedFile("card.png", b"<html><script>alert(1)</script>", "image/png")
    answer = sign_in(owner).post(f"{NEW}?again={before.pk}", form(id_front=pdf, id_back=html))
    assert "This is a PDF" in fault(answer, "id_front") and fault(answer, "id_back")
    assert not UnsentPaper.objects.exists()


def minimal_pdf():
    import pikepdf

    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(out)
    return out.getvalue()


def test_nothing_typed_or_uploaded_is_lost(owner, sign_in):
    client, token = sign_in(owner), str(uuid.uuid4())
    answer = client.post(NEW, form(form=token, name="", **papers()))
    page = shown(answer)
    assert answer.status_code == 422 and token in page and "王岚" in page and "310101 19800101 0018" in page
    assert "Without another file, id_in_hand.png is sent in." in page
    assert UnsentPaper.objects.count() == Document.objects.count() == 4
    assert client.post(NEW, form(form=token)).status_code == 302
    made = Qualification.objects.get()
    assert made.id_in_hand.name == "id_in_hand.png" and not UnsentPaper.objects.exists()
    assert Document.objects.count() == 4


def test_papers_of_one_person_are_not_sent_in_by_another(owner, home, sign_in):
    token = str(uuid.uuid4())
    sign_in(owner).post(NEW, form(form=token, name="", **papers()))
    other = make.user(role=Role.ADMIN, of=home, language="en")
    assert sign_in(other).post(NEW, form(form=token)).status_code == 422
    assert not Qualification.objects.exists()


# The code


def sent_code(number="+8613900000055"):
    return OutgoingText.objects.filter(number=number).latest("pk").text[:6]


def test_the_code_without_scripts(owner, sign_in):
    client, token = sign_in(owner), str(uuid.uuid4())
    said = {"form": token, "manager_number": "13900000055"}
    answer = client.post(NEW, form(deed="code", name="", declared=None, **said, **papers()))
    page = shown(answer)
    assert answer.status_code == 200 and "A code went to" in page and "王岚" in page
    assert fault(answer, "name") is None and "id_front.png is sent in" in page
    assert sent_code() not in page
    answer = client.post(NEW, form(**said, code=f"{(int(sent_code()) + 1) % 10**6:06}"))
    assert "4 tries are left" in fault(answer, "code")
    assert client.post(NEW, form(**said, code=sent_code())).status_code == 302
    made = Qualification.objects.get()
    assert made.manager_number == "+8613900000055" and made.manager_number_proved_at


def test_the_code_with_scripts_changes_only_its_part(owner, sign_in):
    client = sign_in(owner)
    answer = client.post(NEW, {"manager_number": "13900000055", "deed": "code"}, headers={"HX-Request": "true"})
    page = shown(answer)
    assert answer.status_code == 200 and page.strip().startswith('<div id="manager-number">') and "<main" not in page
    again = client.post(NEW, {"manager_number": "13900000055", "deed": "code"}, headers={"HX-Request": "true"})
    assert again.status_code == 422 and "less than a minute ago" in fault(again, "manager_number")
    assert OutgoingText.objects.count() == 1


@pytest.mark.parametrize("number", ["", "12", "<b>"])
def test_no_code_to_what_is_no_number(owner, sign_in, number):
    answer = sign_in(owner).post(NEW, form(deed="code", manager_number=number))
    assert answer.status_code == 422 and fault(answer, "manager_number")
    assert not OutgoingText.objects.exists()


# Who may


def test_only_managers_write(alice, victor, bob, sign_in):
    held = make.qualification(by=alice)
    for person in (alice, victor):
        client = sign_in(person)
        assert "Add qualification" not in shown(client.get(LIST))
        assert client.get(NEW).status_code == 403
        for deed in ("withdraw", "delete"):
            assert client.post(reverse(f"qualification-{deed}", args=[held.pk])).status_code == 403
        assert client.post("/cn/qualifications/delete-many/", {"pk": [held.pk]}).status_code == 403
    assert sign_in(bob).get(LIST).status_code == 403


def test_operators_and_viewers_see_no_identity(alice, victor, sign_in):
    held = make.qualification(by=alice)
    for person in (alice, victor):
        page = shown(sign_in(person).get(held.get_absolute_url()))
        assert CARD not in page and "310***" not in page and "ID card, portrait side" not in page
        assert "+8613900000001" not in page and held.certificate.name in page
        assert sign_in(person).get(reverse("document", args=[held.id_front_id])).status_code == 404


def test_others_find_nothing(mallory, owner, before, sign_in):
    client = sign_in(mallory)
    assert before.name not in shown(client.get(LIST))
    assert client.get(before.get_absolute_url()).status_code == 404
    assert client.get(f"{NEW}?again={before.pk}").status_code == 404
    client.post("/cn/qualifications/delete-many/", {"pk": [before.pk]})
    before.refresh_from_db()
    assert before.removed_at is None


@pytest.mark.parametrize("again", ["x", "9" * 40, "-1", "٣"])
def test_addresses_that_mean_nothing(owner, sign_in, again):
    assert sign_in(owner).get(f"{NEW}?again={again}").status_code in {200, 404}


def test_self_use_without_a_verified_name_says_where(sign_in):
    person = make.user(role=Role.OWNER, of=make.enterprise(verified=False), language="en")
    page = shown(sign_in(person).get(NEW))
    assert "not verified yet" in page and reverse("verification") in page
    answer = sign_in(person).post(NEW, form(manager_number="13900000055"))
    assert "Verify it first" in fault(answer, "purpose")


# The list


def test_filters(owner, sign_in):
    make.qualification(by=owner, name="甲")
    make.qualification(by=owner, name="乙", approved=False)
    make.qualification(
        by=owner, name="丙", purpose=Purpose.THIRD_PARTY, company="禾丰物流", letter=make.document(by=owner)
    )
    client = sign_in(owner)

    def names(query):
        return "".join(re.findall(r'<a href="/cn/qualifications/\d+/">(.)</a>', shown(client.get(LIST + query))))

    assert names("") == "丙乙甲" and names("?state=rejected") == "乙" and names("?purpose=third_party") == "丙"
    assert names("?name=禾丰") == "丙" and names("?name=甲") == "甲" and names("?state=nonsense") == "丙乙甲"
    assert "Nothing fits this filter" in shown(client.get(f"{LIST}?name=none"))
    assert names("?after=" + "9" * 39) in {"丙乙甲", ""}


def test_pages_by_key(owner, sign_in, monkeypatch):
    monkeypatch.setattr("templates_app.views.qualifications.keyset.__defaults__", (2,))
    made = [make.qualification(by=owner) for _ in range(3)]
    page = shown(sign_in(owner).get(LIST))
    assert made[0].name not in page.split("<table")[1] and f"after={made[1].pk}" in page
    page = shown(sign_in(owner).get(f"{LIST}?after={made[1].pk}"))
    assert made[0].get_absolute_url() in page and made[2].get_absolute_url() not in page


def test_the_list_asks_the_database_as_often_for_many(owner, sign_in):
    client = sign_in(owner)

    def queries(n):
        for _ in range(n):
            make.qualification(by=owner, approved=False)
        client.get(LIST)
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get(LIST)
        return len(found)

    assert queries(2) == queries(18)


def test_deleting_many_says_what_became_of_each(owner, sign_in):
    gone = [make.qualification(by=owner, approved=False) for _ in range(2)]
    approved, open_one = make.qualification(by=owner), make.qualification(by=owner, approved=None)
    client = sign_in(owner)
    page = shown(client.get(LIST))
    assert page.count('name="pk"') == 2  # those that are kept cannot be ticked
    asked = {"pk": [one.pk for one in (*gone, approved, open_one)] + [10**17, "x"]}
    page = shown(client.post("/cn/qualifications/delete-many/", asked, follow=True))
    assert "2 qualifications were deleted." in page and "was not there any more" in page
    assert f"Not deleted: {approved.name}. It is approved" in page
    assert f"Not deleted: {open_one.name}. It is being reviewed" in page
    assert set(Qualification.objects.visible_to(owner)) == {approved, open_one}


def test_a_hundred_and_one_are_too_many(owner, before, sign_in):
    asked = {"pk": [before.pk, *range(10**9, 10**9 + 100)]}
    page = shown(sign_in(owner).post("/cn/qualifications/delete-many/", asked, follow=True))
    assert "At most 100 qualifications" in page
    before.refresh_from_db()
    assert before.removed_at is None
    assert "Nothing was chosen" in shown(sign_in(owner).post("/cn/qualifications/delete-many/", follow=True))


# One by itself


def test_rejected_withdrawn_deleted(owner, bob, sign_in):
    client = sign_in(owner)
    held = make.qualification(by=owner, approved=None)
    address = held.get_absolute_url()
    held.move(ReviewState.RETURNED, by=bob, reason="Which app?")
    assert "Which app?" in shown(client.get(address))
    client.post(f"{address}withdraw/")
    held.refresh_from_db()
    assert held.review_state == ReviewState.WITHDRAWN
    page = shown(client.get(address))
    assert f"{NEW}?again={held.pk}" in page
    page = shown(client.get(f"{NEW}?again={held.pk}"))
    assert held.name in page and "310*************18 is sent in" in page and CARD not in page
    assert "Without another file, licence.png is sent in." in page
    client.post(f"{address}delete/")
    assert client.get(address).status_code == 404


def test_an_approved_one_stays_as_it_is(owner, sign_in):
    client, held = sign_in(owner), make.qualification(by=owner)
    page = shown(client.get(held.get_absolute_url()))
    assert "cannot be changed" in page and "?again=" not in page and 'id="delete"' not in page
    page = shown(client.post(f"{held.get_absolute_url()}delete/", follow=True))
    assert "what was approved is kept" in page
    page = shown(client.post(f"{held.get_absolute_url()}withdraw/", follow=True))
    assert "can no longer become" in page
    assert client.get(f"{NEW}?again={held.pk}").status_code == 404


def test_the_letter_is_in_both_languages(owner, sign_in):
    page = shown(sign_in(owner).get("/cn/qualifications/letter/"))
    assert "授权委托书" in page and "Letter of attorney for the use of SMS signatures" in page
    assert page.count("清禾零售集团有限公司") >= 2 and make.CREDIT_CODE in page


def test_an_agent_of_another_company_is_named_at_the_number(owner, before, sign_in):
    make.qualification(
        by=owner, name="丙", purpose=Purpose.THIRD_PARTY, company="禾丰物流", credit_code=OTHER["credit_code"],
        manager_kind=ManagerKind.AGENT, letter=make.document(by=owner),
    )  # fmt: skip
    answer = sign_in(owner).post(f"{NEW}?again={before.pk}", form(manager_kind="agent", id_number=""))
    assert "acts for 禾丰物流" in fault(answer, "id_number")


def test_reviewers_see_the_whole(owner, bob, sign_in):
    held = make.qualification(by=owner, approved=None)
    page = shown(sign_in(bob).get(reverse("review", args=["qualification", held.pk])))
    assert CARD in page and "check character fits" in page and 'class="docs papers"' in page
