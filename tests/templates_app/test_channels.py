"""Channel numbers: rules, races, the administrators' page, and taking approvals back."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Notice, ReviewState
from console.lib.errors import NotAllowed
from templates_app import channels
from templates_app.models import MessageType, Signature, TemplateVersion
from templates_app.models.signature import Registration
from templates_app.models.stage import Stage
from tests import make

pytestmark = pytest.mark.django_db


def signature_of(version: TemplateVersion) -> Signature:
    assert version.template.signature
    return version.template.signature


NONE, REGISTERING, DONE, FAILED = Registration.NONE, Registration.REGISTERING, Registration.DONE, Registration.FAILED


@pytest.fixture
def signature(alice):
    return make.signature(by=alice, number="")


def test_number_then_registration(alice, carol, signature):
    assert (signature.stage, signature.is_sendable) == (Stage.PROCESSING, False)
    channels.assign(signature, "106900000001", by=carol, to=REGISTERING)
    assert (signature.stage, signature.is_sendable) == (Stage.REAL_NAME_REGISTRATING, False)
    channels.assign(signature, "", by=carol, to=FAILED, words="Licence unreadable")
    assert (signature.stage, signature.channel_number) == (Stage.REGISTRATION_FAILED, "106900000001")
    channels.assign(signature, "", by=carol, to=REGISTERING)
    assert signature.registration_words == ""
    channels.assign(signature, "", by=carol)
    assert (signature.stage, signature.is_sendable) == (Stage.REVIEW_PROCESSING_COMPLETED, True)
    assert signature.awake_since is not None
    codes = list(Notice.objects.filter(kind="signature").order_by("pk").values_list("code", flat=True))
    assert codes == ["signature.approved", "signature.registration_failed", "signature.registration_done"]
    verbs = AuditEntry.objects.filter(verb="signature.registration", object_id=signature.pk)
    assert verbs.count() == 4


@pytest.mark.parametrize("number", ["", "12", "1" * 21, "10690x", "１０６９", "106 90", "-106", "१०६९"])
def test_what_is_no_number(carol, signature, number):
    with pytest.raises(NotAllowed, match="3 to 20 digits"):
        channels.assign(signature, number, by=carol)


def test_a_number_belongs_to_one(alice, carol, signature):
    channels.assign(signature, "10690", by=carol)
    other = make.signature(by=alice, app=signature.application, number="", type=MessageType.PROMOTION)
    with pytest.raises(NotAllowed, match="belongs to another signature"):
        channels.assign(other, "10690", by=carol)
    other.refresh_from_db()
    assert other.registration == NONE


@pytest.mark.parametrize("approved", [None, False])
def test_only_approved_ones_get_a_number(alice, carol, approved):
    made = make.signature(by=alice, approved=approved)
    with pytest.raises(NotAllowed, match="Only an approved signature"):
        channels.assign(made, "10690", by=carol)


@pytest.mark.parametrize(("to", "words"), [(FAILED, "why"), (DONE, "")])
def test_what_cannot_follow(carol, signature, to, words):
    if to == DONE:
        channels.assign(signature, "10690", by=carol)
    with pytest.raises(NotAllowed):
        channels.assign(signature, "10691", by=carol, to=to, words=words)
    signature.refresh_from_db()
    assert signature.channel_number == ("10690" if to == DONE else "")


def test_a_failure_says_why(carol, signature):
    channels.assign(signature, "10690", by=carol, to=REGISTERING)
    with pytest.raises(NotAllowed, match="Say why"):
        channels.assign(signature, "", by=carol, to=FAILED, words=" ")


def test_the_second_of_two_is_told(carol, signature):
    channels.assign(signature, "10690", by=carol, seen=NONE)
    with pytest.raises(NotAllowed, match="number 10690"):
        channels.assign(signature, "10691", by=carol, to=REGISTERING, seen=NONE)
    signature.refresh_from_db()
    assert (signature.channel_number, signature.registration) == ("10690", DONE)


def at_once(deeds):
    start = Barrier(len(deeds))

    def run(deed):
        try:
            start.wait()
            deed()
            return None
        except NotAllowed as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [refused for refused in pool.map(run, deeds) if refused]


@pytest.mark.django_db(transaction=True)
def test_two_administrators_one_signature(alice, carol, signature):
    rows = [Signature.objects.get(pk=signature.pk) for _ in range(2)]
    refused = at_once(
        [lambda r=r, n=n: channels.assign(r, f"1069{n}", by=carol, seen=NONE) for n, r in enumerate(rows)]
    )
    assert len(refused) == 1
    signature.refresh_from_db()
    assert AuditEntry.objects.filter(verb="signature.registration", object_id=signature.pk).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_administrators_one_number(alice, carol, signature):
    other = make.signature(by=alice, app=signature.application, number="", type=MessageType.PROMOTION)
    refused = at_once([lambda r=r: channels.assign(r, "10690", by=carol, seen=NONE) for r in (signature, other)])
    assert len(refused) == 1
    assert Signature.objects.filter(channel_number="10690").count() == 1


def test_the_next_number_is_suggested(alice, carol, signature):
    assert channels.suggestion() == ""
    channels.assign(signature, "10690099", by=carol)
    assert channels.suggestion() == "10690100"
    second = make.signature(by=alice, app=signature.application, number="10690205", name="清禾二号")
    assert channels.suggestion() == "10690206"
    second.move(ReviewState.DISABLED, by=alice)  # its number stays its own
    assert channels.suggestion() == "10690206"
    make.signature(by=alice, app=signature.application, number="999", name="清禾三号")
    assert channels.suggestion() == ""


# The page ----------------------------------------------------------------------------------------------------------


def names(page):
    return re.findall(r"【(.+?)】</a>", page.content.decode())


def test_the_list_by_registration_oldest_first(alice, mallory, carol, sign_in):
    for n in "一二三":
        make.signature(by=alice, name=f"清禾{n}号", number="")
    make.signature(by=mallory, name="别家品牌", number="1069777")
    make.signature(by=alice, name="未审签名", approved=None)
    client = sign_in(carol)
    assert names(client.get("/channels/")) == ["清禾一号", "清禾二号", "清禾三号"]
    assert names(client.get("/channels/?registration=done")) == ["别家品牌"]
    assert names(client.get("/channels/?registration=done&q=1069777")) == ["别家品牌"]
    assert names(client.get("/channels/", {"q": str(alice.enterprise)})) == ["清禾一号", "清禾二号", "清禾三号"]
    assert names(client.get("/channels/", {"q": "【清禾二】"})) == ["清禾二号"]
    assert names(client.get("/channels/?q=none")) == []
    assert names(client.get("/channels/?registration=nonsense&after=x")) == ["清禾一号", "清禾二号", "清禾三号"]


def test_given_on_the_page(carol, sign_in, signature):
    client = sign_in(carol)
    fields = {"number": "106900000001", "to": "registering", "seen": "none", "words": ""}
    answer = client.post(f"/channels/{signature.pk}/", fields)
    assert answer.url == "/channels/?registration=none"
    signature.refresh_from_db()
    assert (signature.registration, signature.channel_number) == (REGISTERING, "106900000001")
    late = client.post(f"/channels/{signature.pk}/", fields | {"number": "106900000002"})
    assert late.status_code == 422
    assert "Somebody has recorded something else" in late.content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"number": "12"}, "3 to 20 digits"),
        ({"number": "x" * 100_000}, "3 to 20 digits"),
        ({"to": "nonsense"}, "Say how far"),
        ({"to": ""}, "Say how far"),
        ({"words": "x" * 201}, "at most 200"),
        ({"seen": "nonsense"}, "Select a valid choice"),
    ],
)
def test_wrong_is_said_in_its_row(carol, sign_in, signature, wrong, words):
    fields = {"number": "10690", "to": "done", "seen": "none", "words": ""} | wrong
    answer = sign_in(carol).post(f"/channels/{signature.pk}/", fields)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert f'id="f{signature.pk}-error"' in answer.content.decode()
    signature.refresh_from_db()
    assert signature.registration == NONE


def test_only_administrators(alice, bob, sign_in, signature):
    for person in (alice, bob):
        assert sign_in(person).get("/channels/").status_code == 403
        assert sign_in(person).post(f"/channels/{signature.pk}/", {}).status_code == 403
        assert sign_in(person).post(f"/reviews/signature/{signature.pk}/deactivate/", {}).status_code == 403


def test_markup_in_names_is_text(alice, carol, sign_in):
    alice.enterprise.name = "<script>alert(1)</script>\u202e清禾"
    alice.enterprise.save()
    make.signature(by=alice, number="")
    page = sign_in(carol).get("/channels/").content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;" in page


def test_the_page_costs_the_same_for_many(alice, carol, sign_in, signature):
    client = sign_in(carol)
    client.get("/channels/")
    counts = []
    for batch in ("二", "三四五六七八九甲乙丙丁戊庚辛癸子丑"):
        for n in batch:
            make.signature(by=alice, app=signature.application, name=f"清禾{n}号", number="")
        with CaptureQueriesContext(connection) as asked:
            client.get("/channels/")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 12


# Taking back -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["signature", "template", "qualification"])
def test_an_approval_is_taken_back_on_its_page(alice, carol, sign_in, kind):
    version = make.template(by=alice)
    of = signature_of(version)
    item = {"signature": of, "template": version, "qualification": of.qualification}[kind]
    assert item
    client, url = sign_in(carol), f"/reviews/{kind}/{item.pk}/deactivate/"
    page = client.get(url)
    assert page.status_code == 200
    if kind != "qualification":
        assert "1 template can then not be sent" in page.content.decode()
    refused = client.post(url, {"reason": " "})
    assert refused.status_code == 422
    assert 'id="id_reason-error"' in refused.content.decode()
    assert client.post(url, {"reason": "Complaints", "reason_zh": "投诉"}).url == f"/reviews/{kind}/{item.pk}/"
    item.refresh_from_db()
    assert (item.review_state, item.reason, item.reason_zh) == (ReviewState.INACTIVE, "Complaints", "投诉")
    assert client.post(url, {"reason": "Again"}).status_code == 422
    assert "no approval to take back" in client.get(url).content.decode()


def test_nothing_else_is_taken_back(alice, carol, sign_in):
    asked = make.request(by=alice)
    assert sign_in(carol).get(f"/reviews/request/{asked.pk}/deactivate/").status_code == 404
    assert sign_in(carol).get("/reviews/nonsense/1/deactivate/").status_code == 404
