"""Notices: a code with facts in the inbox, words for each reader, mails and texts for those who want them."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts import applications, notices
from accounts.models import Contact, Notice, NoticeKind, OutgoingMail, OutgoingText, Role
from console.lib.text import segments
from tests import make

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
FACTS: dict[str, Any] = {"name": "清禾会员", "reason": "Not about your company.", "number": 3, "request": "restart"}
FACTS |= {"days": 180, "job": "Spring", "rows": "1,200"}
FACTS |= {"time": "2026-03-31 09:00", "until": "2026-03-31 18:00", "late": 90}


@pytest.fixture
def enterprise():
    return make.enterprise(name="Qinghe")


def contact(enterprise, **fields):
    fields = {"name": "Dana Hu", "email": "dana@example.com", "number": "+8613900000001", "language": "en"} | fields
    return Contact.objects.create(enterprise=enterprise, **fields)


def tell(enterprise, kind=NoticeKind.SIGNATURE, code="signature.rejected", **more):
    return notices.tell(enterprise, kind, code, **FACTS | {"path": "/cn/signatures/7/"} | more)


def told_codes():
    """(where, code or its beginning, whole) of every `notices.tell(…)` in the sources."""
    for folder in ("accounts", "templates_app", "sending", "statistics"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("notices.tell"):
                    whole = not any(isinstance(part, ast.JoinedStr) for part in ast.walk(node.args[2]))
                    for part in ast.walk(node.args[2]):
                        if isinstance(part, ast.Constant) and "." in str(part.value):
                            yield f"{path.name}:{node.lineno}", str(part.value), whole


def test_every_code_that_is_told_has_words():
    told = list(told_codes())
    for where, code, whole in told:
        known = code in notices.WORDINGS if whole else any(word.startswith(code) for word in notices.WORDINGS)
        assert known, f"{where} tells {code}"
    for code in notices.WORDINGS:
        assert any(code == said or (not whole and code.startswith(said)) for _, said, whole in told), (
            f"nobody tells {code}"
        )


@pytest.mark.parametrize("code", notices.WORDINGS)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_words_in_both_languages(enterprise, code, language):
    made = notices.tell(enterprise, NoticeKind.ACCOUNT, code, **FACTS)
    with translation.override(language):
        said = notices.words(made)
    assert said.subject and said.sentence and "%(" not in said.subject + said.sentence
    assert "restart" not in said.subject, "the request stands by its label"
    if ".rejected" in code or ".suspended" in code:
        assert FACTS["reason"] in said.sentence


def test_a_code_without_words_is_refused(enterprise):
    with pytest.raises(KeyError):
        notices.tell(enterprise, NoticeKind.ACCOUNT, "signature.lost")
    with pytest.raises(KeyError):
        notices.tell(enterprise, NoticeKind.SIGNATURE, "signature.rejected", name="without a reason")
    assert not Notice.objects.exists()


def test_a_code_from_former_times_still_has_a_line(enterprise):
    assert notices.words(Notice(enterprise=enterprise, code="gone.away")).subject == "gone.away"


def test_contacts_get_a_mail_and_a_text_in_their_language(enterprise, settings):
    settings.SITE_URL = "https://sms.example.com"
    contact(enterprise)
    contact(enterprise, name="Li", email="li@example.com", number="+447400123456", language="zh-hans")
    tell(enterprise)
    english, chinese = OutgoingMail.objects.order_by("pk")
    assert english.recipient == "dana@example.com" and english.subject == "Signature 清禾会员 was rejected"
    assert "Not about your company." in english.text and "https://sms.example.com/cn/signatures/7/" in english.text
    assert "contact of Qinghe" in english.text
    with translation.override("zh-hans"):
        assert chinese.subject == notices.words(Notice.objects.get()).subject
    first, second = OutgoingText.objects.order_by("pk")
    assert (first.number, first.enterprise, first.urgent) == ("+8613900000001", enterprise, False)
    assert first.text == "Signature 清禾会员 was rejected. Details in the console, under Notices."
    assert second.number == "+447400123456" and "http" not in first.text + second.text


def test_a_switch_that_is_off_keeps_quiet(enterprise):
    contact(enterprise, signature=False)
    contact(make.enterprise(), email="other@example.com")
    tell(enterprise)
    assert not OutgoingMail.objects.exists() and not OutgoingText.objects.exists()
    tell(enterprise, NoticeKind.TEMPLATE, "template.approved")
    assert OutgoingMail.objects.get().recipient == "dana@example.com"
    assert Notice.objects.count() == 2, "the inbox has all"


def test_whoever_stands_twice_is_told_once(enterprise):
    contact(enterprise)
    contact(enterprise, name="The same", language="zh-hans")
    contact(enterprise, name="By mail only", number="", email="li@example.com")
    tell(enterprise)
    assert OutgoingMail.objects.count() == 2 and OutgoingText.objects.count() == 1


def test_what_concerns_the_account_goes_to_owners_and_admins(enterprise):
    owner = make.user(role=Role.OWNER, of=enterprise, language="en")
    gone = make.user(role=Role.ADMIN, of=enterprise)
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    make.user(role=Role.OPERATOR, of=enterprise)
    contact(enterprise)
    tell(enterprise, NoticeKind.ACCOUNT, "enterprise.suspended", path="/enterprise/")
    assert OutgoingMail.objects.get().recipient == owner.email
    assert not OutgoingText.objects.exists()


def test_texts_are_short(enterprise):
    contact(enterprise)
    contact(enterprise, name="Abroad", email="", number="+447400123456")
    tell(enterprise, name="名" * 200)
    tell(enterprise, name="N" * 200)
    for text in OutgoingText.objects.all():
        mainland = text.number.startswith("+86")
        head = f"【{'签' * 32}】" if mainland else "Group SMS Console: "
        assert segments(head + text.text, mainland=mainland) <= 2


def test_nobody_is_flooded_with_texts(enterprise):
    contact(enterprise)
    for _ in range(25):
        tell(enterprise)
    assert OutgoingText.objects.count() == 20 and OutgoingMail.objects.count() == 25
    OutgoingText.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    tell(enterprise)
    assert OutgoingText.objects.count() == 21


def test_markup_in_names_stays_words(enterprise, sign_in):
    bad = "<script>alert(1)</script>"
    owner = make.user(role=Role.OWNER, of=enterprise, language="en")
    contact(enterprise, name=bad)
    tell(enterprise, name=bad, reason=bad + "%(name)s")
    page = sign_in(owner).get("/notices/").content.decode()
    assert bad not in page and "&lt;script&gt;alert(1)" in page and "%(name)s" in page
    mail = OutgoingMail.objects.get()
    assert bad in mail.text, "a mail is plain text, in which markup is words"


@pytest.mark.django_db(transaction=True)
def test_a_rollback_takes_everything_along():
    enterprise = make.enterprise()
    contact(enterprise)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell(enterprise)
        raise ZeroDivisionError
    assert not Notice.objects.exists() and not OutgoingMail.objects.exists() and not OutgoingText.objects.exists()


def test_ten_contacts_cost_few_statements(enterprise):
    for n in range(10):
        contact(enterprise, email=f"person{n}@example.com", number=f"+861390000000{n}")
    with CaptureQueriesContext(connection) as queries:
        tell(enterprise)
    assert len(queries) <= 6


def test_the_platforms_hand_on_an_application_is_told_the_enterprises_own_is_not(alice, carol):
    app = make.application(by=alice)
    applications.suspend(app, by=alice, reason="Over the weekend")
    applications.resume(app, by=alice)
    assert not Notice.objects.exists()
    applications.suspend(app, by=carol, reason="Complaints")
    applications.resume(app, by=carol)
    told = list(Notice.objects.order_by("pk"))
    assert [notice.code for notice in told] == ["application.suspended", "application.resumed"]
    assert "Complaints" in notices.words(told[0]).sentence and told[0].path == f"/cn/applications/{app.pk}/"


def test_a_decision_is_told(alice):
    make.qualification(by=alice)
    contact(alice.enterprise)
    signature = make.signature(by=alice, approved=False)
    told = Notice.objects.order_by("-pk")[0]
    assert (told.code, told.kind, told.path) == ("signature.rejected", "signature", f"/cn/signatures/{signature.pk}/")
    assert notices.words(told).subject == f"Signature 【{signature.name}】 was rejected"
    version = make.template(by=alice, sign=make.signature(by=alice, name="另一签名"))
    told = Notice.objects.order_by("-pk")[0]
    assert (told.code, told.path) == ("template.approved", f"/cn/templates/{version.template_id}/")
    assert OutgoingMail.objects.count() == OutgoingText.objects.count() == 4


class TestInbox:
    def test_newest_first_each_with_its_page(self, alice, sign_in):
        tell(alice.enterprise)
        tell(alice.enterprise, code="signature.approved", path="")
        page = sign_in(alice).get("/notices/").content.decode()
        assert page.index("was approved") < page.index("was rejected")
        assert 'href="/cn/signatures/7/"' in page and "Not about your company." in page

    def test_opening_reads_for_oneself_only(self, alice, victor, sign_in):
        for _ in range(3):
            tell(alice.enterprise)
        client = sign_in(alice)
        assert "Notices, 3 new" in client.get("/contacts/").content.decode()
        first = client.get("/notices/").content.decode()
        assert first.count('<span class="tag">new</span>') == 3 and "Notices, 3 new" not in first
        again = client.get("/notices/").content.decode()
        assert '<span class="tag">new</span>' not in again
        assert "Notices, 3 new" in sign_in(victor).get("/contacts/").content.decode()

    def test_an_old_tab_makes_nothing_unread(self, alice, sign_in):
        newest = tell(alice.enterprise)
        type(alice).objects.filter(pk=alice.pk).update(seen_notice=newest.pk + 5)
        sign_in(alice).get("/notices/")
        alice.refresh_from_db()
        assert alice.seen_notice == newest.pk + 5

    def test_filter_and_pages(self, alice, sign_in):
        for n in range(60):
            tell(alice.enterprise, name=f"Nr{n}x")
        tell(alice.enterprise, NoticeKind.TEMPLATE, "template.approved", name="Monthly")
        client = sign_in(alice)
        page = client.get("/notices/?kind=template").content.decode()
        assert "Monthly" in page and "Nr59x" not in page
        assert "Nothing of this kind" in client.get("/notices/?kind=traffic").content.decode()
        assert "Nr59x" in client.get("/notices/?kind=nonsense").content.decode()
        first = client.get("/notices/?kind=signature").content.decode()
        assert "Nr59x" in first and "Nr9x" not in first and "Older" in first
        after = Notice.objects.order_by("-pk")[50].pk
        second = client.get(f"/notices/?kind=signature&after={after}").content.decode()
        assert "Nr9x" in second and "Nr59x" not in second
        assert client.get("/notices/?after=" + "9" * 40).status_code == 200
        assert client.get("/notices/?after=x").status_code == 200

    def test_empty_and_of_others(self, alice, mallory, bob, sign_in):
        tell(alice.enterprise)
        page = sign_in(mallory).get("/notices/").content.decode()
        assert "No notice yet" in page and "清禾会员" not in page
        assert sign_in(bob).get("/notices/").status_code == 403
        assert "/notices/" not in sign_in(bob).get("/").content.decode()

    def test_the_bell_costs_one_query(self, alice, sign_in):
        client = sign_in(alice)
        client.get("/contacts/")
        tell(alice.enterprise)
        with CaptureQueriesContext(connection) as queries:
            client.get("/contacts/")
        assert sum("accounts_notice" in query["sql"] for query in queries) == 1
