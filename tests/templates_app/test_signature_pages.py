"""Pages of signatures: the form and its messages, what is shown while typing, list, detail, and deeds."""

import io
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from accounts.models import ReviewState
from accounts.models.application import Region
from templates_app import signature_facts, signatures
from templates_app.models import MessageType, Signature
from templates_app.models.qualification import Purpose
from templates_app.models.signature import Dormancy
from templates_app.models.stage import Stage
from tests import make

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
NEW = "/cn/signatures/new/"


def file(name="letter.png"):
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "#b22222").save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue(), "image/png")


def fields_of(by, app, **changes):
    return {
        "name": "清禾到家",
        "type": "notification",
        "application": app.pk,
        "source": "0",
        "source_title": "",
        "involves_third_party": "no",
        "qualification": make._held_qualification(by).pk,
        "purpose": "Orders",
    } | changes


@pytest.fixture
def app(alice):
    return make.application(by=alice)


@pytest.fixture
def fields(alice, app):
    return fields_of(alice, app)


def errors(response):
    return set(re.findall(r'id="id_([\w-]+)-error"', response.content.decode()))


# The form ----------------------------------------------------------------------------------------------------------


def test_sent_in_withdrawn_changed_and_sent_in_again(alice, sign_in, fields):
    client = sign_in(alice)
    made = client.post(NEW, fields)
    first = Signature.objects.get()
    assert made.url == f"/cn/signatures/{first.pk}/"
    assert first.review_state == ReviewState.IN_REVIEW
    assert errors(client.post(NEW, fields)) == {"name"}  # there is one already
    client.post(f"/cn/signatures/{first.pk}/withdraw/")
    url = f"/cn/signatures/{first.pk}/change/"
    page = client.get(url).content.decode()
    assert 'value="清禾到家"' in page and "Orders</textarea>" in page
    again = client.post(url, fields | {"name": "清禾新到家"})
    second = Signature.objects.latest("pk")
    assert again.url == f"/cn/signatures/{second.pk}/"
    assert second.replaces == first
    assert client.get(f"/cn/signatures/{first.pk}/").status_code == 404
    assert client.get(url).status_code == 404
    assert (
        client.get(f"/cn/signatures/{second.pk}/change/").url == f"/cn/signatures/{second.pk}/"
    )  # not while in review


def test_nothing_filled_in_is_said_at_every_field(alice, sign_in, app):
    response = sign_in(alice).post(NEW, {})
    assert response.status_code == 422
    needed = {"name", "type", "application", "source", "involves_third_party", "qualification", "purpose"}
    assert errors(response) == needed
    assert not Signature.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"name": "【清禾】"}, "name", "they come by themselves"),
        ({"name": "123456"}, "name", "digits only"),
        ({"name": "清"}, "name", "has 1 characters"),
        ({"name": "清禾" * 17}, "name", "has 34 characters"),
        ({"name": "清禾-到家"}, "name", "“-” cannot be"),
        ({"name": "清禾\u202e到家"}, "name", "U+202E"),
        ({"name": "清" * 300_000}, "name", "has 300000 characters"),
        ({"type": "letter"}, "type", "valid choice"),
        ({"application": "99999999"}, "application", "mainland application"),
        ({"source": "6"}, "source", "valid choice"),
        ({"source": "x"}, "source", "valid choice"),
        ({"source": "1"}, "source_title", "domain that is filed"),
        ({"source": "2"}, "source_title", "address where the app"),
        ({"source": "3"}, "source_title", "full name of the public account"),
        ({"source": "4"}, "source_title", "address of the store"),
        ({"source": "1", "source_title": "shop.example.com/path"}, "source_title", "only the domain"),
        ({"source": "1", "source_title": "192.0.2.1"}, "source_title", "only the domain"),
        ({"source": "1", "source_title": "清禾"}, "source_title", "only the domain"),
        ({"source": "1", "source_title": "a..example.com"}, "source_title", "only the domain"),
        ({"source": "2", "source_title": "javascript:alert(1)"}, "source_title", "web address"),
        ({"source": "2", "source_title": "ftp://example.com/app"}, "source_title", "web address"),
        ({"source": "4", "source_title": "https://bank.example@evil.example/"}, "source_title", "web address"),
        ({"source": "4", "source_title": "not an address"}, "source_title", "web address"),
        ({"source": "3", "source_title": "清禾\u202e号"}, "source_title", "U+202E"),
        ({"source": "3", "source_title": "x" * 301}, "source_title", "At most 300"),
        ({"involves_third_party": "perhaps"}, "involves_third_party", "valid choice"),
        ({"qualification": "99999999"}, "qualification", "approved or in review"),
        ({"purpose": "x" * 501}, "purpose", "at most 500"),
        ({"purpose": "x" * 1_000_000}, "purpose", "at most 500"),
    ],
)
def test_each_rule_is_said_at_its_field(alice, sign_in, fields, wrong, field, words):
    response = sign_in(alice).post(NEW, fields | wrong)
    assert response.status_code == 422
    assert errors(response) == {field}
    assert words in response.content.decode()
    assert not Signature.objects.exists()


@pytest.mark.parametrize(
    ("source", "typed", "kept"),
    [
        ("0", "ignored", ""),
        ("5", "ignored", ""),
        ("1", "https://Console.Example.com/", "console.example.com"),
        ("1", "商城.中国", "商城.中国"),
        ("1", "xn--55qx5d.xn--fiqs8s", "xn--55qx5d.xn--fiqs8s"),
        ("2", "apps.example.com/qinghe?id=7", "https://apps.example.com/qinghe?id=7"),
        ("3", "清禾 <b>到家</b>", "清禾 <b>到家</b>"),
        ("4", "https://shop.example.com/清禾", "https://shop.example.com/清禾"),
    ],
)
def test_what_proves_a_source(alice, sign_in, fields, source, typed, kept):
    client = sign_in(alice)
    answer = client.post(NEW, fields | {"source": source, "source_title": typed})
    made = Signature.objects.get()
    assert made.source_title == kept
    assert "<b>到家" not in client.get(answer.url).content.decode()
    assert "<b>到家" not in client.get("/cn/signatures/").content.decode()


def test_own_and_third_party(alice, sign_in, fields):
    client = sign_in(alice)
    letter = make.document(by=alice)
    third = make.qualification(by=alice, purpose=Purpose.THIRD_PARTY, letter=letter)
    assert errors(client.post(NEW, fields | {"qualification": third.pk})) == {"qualification"}
    yes = fields | {"involves_third_party": "yes"}
    assert errors(client.post(NEW, yes)) == {"letter", "qualification"}
    yes["qualification"] = third.pk
    assert errors(client.post(NEW, yes)) == {"letter"}
    assert errors(client.post(NEW, yes | {"letter": file("my letter.png")})) == {"letter"}  # a space in its name
    assert client.post(NEW, yes | {"letter": file(), "licence": file("licence.png")}).status_code == 302
    made = Signature.objects.get()
    assert made.letter and made.licence
    assert (made.letter.name, made.licence.name, made.involves_third_party) == ("letter.png", "licence.png", True)
    signatures.withdraw(made, by=alice)
    assert client.post(f"/cn/signatures/{made.pk}/change/", yes).status_code == 302  # with the files it had
    again = Signature.objects.latest("pk")
    assert (again.letter, again.licence) == (made.letter, made.licence)


def test_a_letter_of_an_own_name_is_not_kept(alice, sign_in, fields):
    sign_in(alice).post(NEW, fields | {"letter": file()})
    assert Signature.objects.get().letter is None


def test_with_a_qualification_in_review_it_waits_and_says_so(alice, sign_in, fields):
    held = make.qualification(by=alice, approved=None, name="新资质")
    client = sign_in(alice)
    assert "新资质" in client.get(NEW).content.decode()
    page = client.post(NEW, fields | {"qualification": held.pk}, follow=True).content.decode()
    assert Signature.objects.get().stage == Stage.PENDING_QUALIFICATION_REVIEW
    assert "waits for its qualification" in page
    assert "It goes to the reviewers by itself" in page


@pytest.mark.parametrize("approved", [False])
def test_what_is_not_offered_is_not_taken(alice, mallory, sign_in, fields, app, approved):
    client = sign_in(alice)
    rejected = make.qualification(by=alice, approved=approved)
    foreign = make.qualification(by=mallory)
    for held in (rejected, foreign):
        assert errors(client.post(NEW, fields | {"qualification": held.pk})) == {"qualification"}
    for other in (make.application(by=alice, region=Region.INTERNATIONAL), make.application(by=mallory)):
        assert errors(client.post(NEW, fields | {"application": other.pk})) == {"application"}


def test_quota_is_shown_and_said_at_its_field(alice, sign_in, fields, monkeypatch):
    monkeypatch.setattr(signatures, "SIGNATURES_MAX", 1)
    client = sign_in(alice)
    assert "0 of 1 signatures" in client.get(NEW).content.decode()
    client.post(NEW, fields)
    assert errors(client.post(NEW, fields | {"name": "清禾二号"})) == {"application"}


def test_without_a_qualification_the_page_says_what_comes_first(alice, sign_in, app):
    page = sign_in(alice).get(NEW).content.decode()
    assert "A signature needs a qualification." in page
    assert "An owner or admin" in page


# While typing ------------------------------------------------------------------------------------------------------


def preview(client, fields, url=NEW, **changes):
    response = client.post(url, fields | {"action": "preview"} | changes, headers=HTMX)
    assert response.status_code == 200
    return response.content.decode()


def test_what_is_shown_while_typing(alice, mallory, sign_in, fields):
    make.signature(by=mallory, name="清禾到家")
    client = sign_in(alice)
    part = preview(client, fields, purpose="")
    assert "<html" not in part and "-error" not in part
    assert 'id="live-checks"' in part and "The name has the right form." in part
    assert str(mallory.enterprise) not in part  # others are not told of
    assert "they come by themselves" in preview(client, fields, name="【清禾】")
    assert "does not say who sends" in preview(client, fields, name="验证码")
    assert "08:00" in preview(client, fields, type="promotion")
    assert not Signature.objects.filter(enterprise=alice.enterprise).exists()


@pytest.mark.parametrize(
    ("source", "label"),
    [("1", "Domain of the website"), ("2", "Download address"), ("3", "Full name"), ("4", "Address of the store")],
)
def test_the_proof_is_asked_for_as_the_source_wants(alice, sign_in, fields, source, label):
    part = preview(sign_in(alice), fields, source=source, source_title="typed")
    assert label in part and 'value="typed"' in part
    assert "<noscript>" not in part


@pytest.mark.parametrize("source", ["0", "5", "", "nonsense", "99", "²"])
def test_no_proof_is_asked_for(alice, sign_in, fields, source):
    part = preview(sign_in(alice), fields, source=source)
    assert re.search(r"<noscript>.*id_source_title", part, re.DOTALL)  # without scripts the field is there


@pytest.mark.parametrize("value", ["", "x", "²", "9" * 5000, "-1"])
def test_whatever_is_previewed_it_answers(alice, sign_in, fields, value):
    for field in fields:
        preview(sign_in(alice), fields, **{field: value})


# List --------------------------------------------------------------------------------------------------------------


def names(client, query=""):
    page = client.get(f"/cn/signatures/{query}")
    assert page.status_code == 200
    return re.findall(r"【(.+?)】</a>", page.content.decode())


def test_the_list_filters(alice, sign_in, app):
    usable = make.signature(by=alice, app=app, name="清禾可用")
    make.signature(by=alice, app=app, name="清禾待审", approved=None, type=MessageType.PROMOTION)
    make.signature(by=alice, name="清禾驳回", approved=False)
    make.signature(by=alice, app=app, name="清禾无号", number="")
    asleep = make.signature(by=alice, app=app, name="清禾待激活")
    Signature.objects.filter(pk=asleep.pk).update(dormancy=Dormancy.DORMANT)
    client = sign_in(alice)
    assert len(names(client)) == 5
    groups = {"usable": "可用", "in_review": "待审", "rejected": "驳回", "processing": "无号", "asleep": "待激活"}
    for group, name in groups.items():
        assert names(client, f"?stage={group}") == [f"清禾{name}"]
    assert names(client, "?stage=ended") == []
    assert names(client, "?type=promotion") == ["清禾待审"]
    assert names(client, "?name=【清禾可用】") == ["清禾可用"]
    assert len(names(client, f"?application={app.pk}")) == 4
    for written in (usable.public_id, str(usable.public_id)[:12], usable.public_id.hex.upper()):
        assert names(client, f"?id={written}") == ["清禾可用"]
    assert names(client, "?id=nonsense") == []
    today = timezone.localdate()
    assert len(names(client, f"?since={today}&until={today}")) == 5
    assert names(client, f"?since={today + timedelta(days=1)}") == []
    assert names(client, f"?until={today - timedelta(days=1)}") == []
    nonsense = "?stage=x&type=x&application=x&since=x&until=9999-12-31&after=x&sort=x"
    assert len(names(client, nonsense)) == 5


def test_the_list_shows_what_is_asked_for(alice, sign_in):
    rejected = make.signature(by=alice, approved=False, source=1, source_title="console.example.com")
    page = sign_in(alice).get("/cn/signatures/").content.decode()
    for words in (str(rejected.public_id), "Not about your company.", "Website registered", "console.example.com"):
        assert words in page


def test_the_list_pages(alice, sign_in, app, monkeypatch):
    monkeypatch.setattr("console.lists.keyset.__defaults__", (2,))
    for n in "一二三":
        make.signature(by=alice, app=app, name=f"清禾{n}号")
    client = sign_in(alice)
    page = client.get("/cn/signatures/").content.decode()
    [after] = re.findall(r"after=(\d+)", page)
    assert names(client, f"?after={after}") == ["清禾一号"]


def test_list_and_page_cost_the_same_for_many(alice, sign_in, app):
    client = sign_in(alice)
    held = make.qualification(by=alice)
    client.get("/cn/signatures/")
    counts = []
    for batch in ("一二", "三四五六七八九甲乙丙丁戊庚辛癸子丑寅"):
        for n in batch:
            made = make.signature(by=alice, app=app, name=f"清禾{n}号", legacy=n in "一三五七", number="")
            if not made.legacy:
                Signature.objects.filter(pk=made.pk).update(dormancy=Dormancy.DORMANT)
            elif n != "一":
                signatures.supplement(made, held, by=alice)
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/cn/signatures/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 9


def test_empty_lists_say_what_to_do(alice, victor, sign_in):
    assert "Add the application first." in sign_in(alice).get("/cn/signatures/").content.decode()
    make.application(by=alice)
    assert f'href="{NEW}"' in sign_in(alice).get("/cn/signatures/").content.decode()
    assert f'href="{NEW}"' not in sign_in(victor).get("/cn/signatures/").content.decode()
    assert "Nothing fits this filter" in sign_in(alice).get("/cn/signatures/?name=x").content.decode()


# Detail and deeds --------------------------------------------------------------------------------------------------


def buttons(client, signature):
    page = client.get(f"/cn/signatures/{signature.pk}/").content.decode()
    return set(re.findall(r'commandfor="([\w-]+)" command="show-modal"', page)) | set(
        re.findall(rf"/cn/signatures/{signature.pk}/(change|supplement)/", page)
    )


def test_each_stage_offers_what_it_allows(alice, victor, sign_in):
    client = sign_in(alice)
    pending = make.signature(by=alice, name="清禾待审", approved=None)
    assert buttons(client, pending) == {"withdraw"}
    assert buttons(client, make.signature(by=alice, name="清禾驳回", approved=False)) == {"remove", "change"}
    approved = make.signature(by=alice, name="清禾可用")
    assert buttons(client, approved) == {"remove"}
    assert buttons(client, make.signature(by=alice, name="清禾旧", legacy=True, number="")) == {"remove", "supplement"}
    Signature.objects.filter(pk=approved.pk).update(dormancy=Dormancy.DORMANT)
    assert buttons(client, approved) == {"remove", "activate"}
    approved.refresh_from_db()
    signatures.activate(approved, "Sale", by=alice)
    assert buttons(client, approved) == {"remove", "stay-asleep"}
    for one in (pending, approved):
        assert buttons(sign_in(victor), one) == set()


def test_the_page_says_whether_it_can_be_used_and_why(alice, sign_in):
    client = sign_in(alice)
    version = make.template(by=alice)
    page = client.get(f"/cn/signatures/{version.template.signature_id}/").content.decode()
    assert "Can be used." in page and "registered with the carriers" in page
    signature = version.template.signature
    assert signature and version.template.name in page and signature.channel_number in page
    assert "1 template can then not be sent" in page
    assert "An approved signature stays as it is." in page
    waiting = make.signature(by=alice, name="清禾无号", number="")
    page = client.get(f"/cn/signatures/{waiting.pk}/").content.decode()
    assert "Cannot be used." in page and "now gets its channel number" in page
    assert "No template that can be sent depends on it." in page


def test_deeds_by_post(alice, sign_in):
    client = sign_in(alice)
    made = make.signature(by=alice)
    url = f"/cn/signatures/{made.pk}/"
    assert (
        "does not have to be activated" in client.post(f"{url}activate/", {"reason": "x"}, follow=True).content.decode()
    )
    Signature.objects.update(dormancy=Dormancy.DORMANT)
    assert "Say what" in client.post(f"{url}activate/", {"reason": ""}, follow=True).content.decode()
    client.post(f"{url}activate/", {"reason": "Spring sale"})
    made.refresh_from_db()
    assert made.stage == Stage.PENDING_ACTIVATE
    client.post(f"{url}activate/withdraw/")
    assert made.stage == Stage.TO_BE_ACTIVATED
    assert "not in review any more" in client.post(f"{url}activate/withdraw/", follow=True).content.decode()
    assert client.post(f"{url}remove/").url == "/cn/signatures/"
    assert client.post(f"{url}remove/").status_code == 404


def test_a_qualification_is_added_on_its_page(alice, sign_in):
    made = make.signature(by=alice, legacy=True, number="")
    make.qualification(by=alice, purpose=Purpose.THIRD_PARTY, letter=make.document(by=alice), name="第三方")
    own = make.qualification(by=alice, name="自用资质")
    client, url = sign_in(alice), f"/cn/signatures/{made.pk}/supplement/"
    page = client.get(url).content.decode()
    assert "自用资质" in page and "第三方" not in page
    assert errors(client.post(url, {"qualification": "x"})) == {"qualification"}
    assert client.post(url, {"qualification": own.pk}).status_code == 302
    made.refresh_from_db()
    assert made.qualification == own
    assert client.get(url).status_code == 302


DEEDS = ["withdraw", "remove", "activate", "activate/withdraw", "supplement", "change"]


@pytest.mark.parametrize("deed", DEEDS)
def test_another_enterprise_finds_nothing_and_viewers_may_not(alice, victor, mallory, sign_in, deed):
    made = make.signature(by=alice, approved=None)
    for person, status in ((mallory, 404), (victor, 403)):
        assert sign_in(person).post(f"/cn/signatures/{made.pk}/{deed}/", {"reason": "x"}).status_code == status
    assert sign_in(mallory).get(f"/cn/signatures/{made.pk}/").status_code == 404
    made.refresh_from_db()
    assert (made.review_state, made.removed_at) == (ReviewState.IN_REVIEW, None)


# What reviewers see ------------------------------------------------------------------------------------------------


def test_facts_for_reviewers(alice, mallory, bob):
    make.signature(by=mallory, name="清禾到家")
    make.signature(by=alice, name="清禾到家", approved=False)
    item = make.signature(by=alice, name="清禾到家", approved=None, licence=make.document(by=alice))
    facts = signature_facts.of_signature(item)
    assert any(str(mallory.enterprise) in str(finding.words) for finding in facts["findings"])
    assert [other.review_state for other in facts["same_name"]] == [ReviewState.REJECTED]
    assert len(facts["documents"]) == 1
    assert (facts["held"], facts["most"], facts["owner_differs"]) == (1, 200, False)


def test_facts_of_an_activation(alice):
    made = make.signature(by=alice)
    long_ago = timezone.now() - timedelta(days=200)
    Signature.objects.update(dormancy=Dormancy.DORMANT, decided_at=long_ago, awake_since=long_ago)
    made.refresh_from_db()
    facts = signature_facts.of_activation(signatures.activate(made, "Sale", by=alice))
    assert (facts["idle_days"], facts["idle_since"], facts["uses"]) == (200, long_ago, 0)
