"""Administrators: the list of enterprises, the page of one, suspending and restoring, the agreement's versions."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections, transaction
from django.db.utils import Error
from django.urls import reverse

from accounts import administration, agreement_versions, applications, invitations, own_numbers
from accounts.models import (
    Agreement,
    Application,
    AuditEntry,
    Enterprise,
    Notice,
    RequestKind,
    ReviewState,
    Role,
)
from accounts.models.enterprise import EnterpriseState
from console.lib.errors import NotAllowed
from sending.models import JobStatus
from tests import make

pytestmark = pytest.mark.django_db
TEXTS = {"text_en": "Be fair.", "text_zh": "公平。", "changes_en": "", "changes_zh": ""}


def test_the_list_finds_by_name_code_and_address(carol, sign_in):
    found = make.enterprise(name="Orchard Ltd", credit_code="91350100M000100Y43")
    make.user(of=found, email="pear@orchard.example")
    make.enterprise(name="Harbour Ltd", verified=False)
    client = sign_in(carol)
    for words in ("orchard", "91350100m000100y43", "pear@orchard"):
        page = client.get(reverse("enterprises"), {"q": words}).content.decode()
        assert "Orchard Ltd" in page and "Harbour Ltd" not in page, words
    page = client.get(reverse("enterprises"), {"verified": "no"}).content.decode()
    assert "Harbour Ltd" in page and "Orchard Ltd" not in page
    page = client.get(reverse("enterprises"), {"q": "nobody at all"}).content.decode()
    assert "Nothing fits this filter" in page
    nonsense = {"q": "nobody\0", "state": "nonsense", "verified": "perhaps", "after": "9" * 40}
    assert client.get(reverse("enterprises"), nonsense).status_code == 200


def test_the_platform_itself_is_no_customer(carol, sign_in):
    own = make.enterprise(name="The platform itself", is_platform=True)
    client = sign_in(carol)
    assert "The platform itself" not in client.get(reverse("enterprises")).content.decode()
    assert client.get(reverse("enterprise-record", args=[own.pk])).status_code == 404
    assert client.post(reverse("enterprise-suspend", args=[own.pk]), {"reason": "x"}).status_code == 404


@pytest.mark.parametrize("many", [2, 20])
def test_the_same_number_of_queries_for_20_as_for_2(carol, sign_in, django_assert_max_num_queries, many):
    for _ in range(many):
        make.user()
    client = sign_in(carol)
    with django_assert_max_num_queries(14):
        client.get(reverse("enterprises"))


def test_one_page_shows_people_programs_traffic_and_what_happened(carol, alice, sign_in):
    job = make.job(by=alice, rows=2)
    page = sign_in(carol).get(reverse("enterprise-record", args=[alice.enterprise_id])).content.decode()
    for words in (alice.email, job.application.name, job.application.key, "Jobs under way", "History"):
        assert words in page


def test_suspending_needs_a_reason_and_is_told(carol, alice, sign_in):
    home = make.home(alice)
    client = sign_in(carol)
    client.post(reverse("enterprise-suspend", args=[home.pk]), {"reason": "  "})
    home.refresh_from_db()
    assert home.state == EnterpriseState.ACTIVE
    client.post(reverse("enterprise-suspend", args=[home.pk]), {"reason": "Complaints about <b>junk</b>"})
    home.refresh_from_db()
    assert home.state == EnterpriseState.SUSPENDED and home.state_reason == "Complaints about <b>junk</b>"
    notice = Notice.objects.get(enterprise=home)
    assert (notice.code, notice.facts["reason"]) == ("enterprise.suspended", home.state_reason)
    assert AuditEntry.objects.filter(verb="enterprise.suspended", object_id=home.pk, by=carol, label=home.name).exists()
    for path in ("overview", "job-new", "enterprise"):
        page = sign_in(alice).get(reverse(path)).content.decode()
        assert page.count("Your enterprise is suspended and sends nothing.") == 1 and "Complaints about" in page
    client = sign_in(carol)
    page = client.get(reverse("enterprise-record", args=[home.pk])).content.decode()
    assert "&lt;b&gt;junk" in page and "<b>junk" not in page


def test_restoring_once_only(carol, alice):
    home = make.home(alice)
    administration.suspend(home, by=carol, reason="Unpaid")
    with pytest.raises(NotAllowed):
        administration.suspend(Enterprise.objects.get(pk=home.pk), by=carol, reason="Again")
    with pytest.raises(NotAllowed):
        administration.restore(home, by=carol, reason="")
    administration.restore(home, by=carol, reason="Paid")
    assert not home.state_reason or home.state == EnterpriseState.ACTIVE
    with pytest.raises(NotAllowed):
        administration.restore(home, by=carol, reason="Paid")


def test_restoring_answers_what_was_asked_for(carol):
    owner = make.user(role=Role.OWNER)
    home = make.home(owner)
    administration.suspend(home, by=carol, reason="Unpaid")
    asked = make.request(by=owner, kind=RequestKind.RESTART, wanted=None)
    administration.restore(home, by=carol, reason="Paid")
    asked.refresh_from_db()
    assert asked.review_state == ReviewState.WITHDRAWN


def test_a_suspended_enterprise_is_not_sent_for(carol, alice):
    from sending import dispatch

    job = make.job(by=alice, status=JobStatus.SENDING)
    assert [waiting.id for waiting in dispatch.waiting_jobs()] == [job.pk]
    administration.suspend(make.home(alice), by=carol, reason="Junk")
    assert dispatch.waiting_jobs() == []


def test_the_platform_suspends_one_application(carol, alice, sign_in):
    app = make.application(by=alice)
    other = make.application(by=make.user())
    client = sign_in(carol)
    args = [app.enterprise_id, app.pk]
    client.post(reverse("platform-suspend", args=args), {"reason": " "})
    app.refresh_from_db()
    assert not app.is_suspended
    assert client.post(reverse("platform-suspend", args=[app.enterprise_id, other.pk])).status_code == 404
    client.post(reverse("platform-suspend", args=args), {"reason": "Complaints"})
    app.refresh_from_db()
    assert app.is_suspended and app.suspended_by_platform
    with pytest.raises(NotAllowed):
        applications.resume(app, by=alice)
    client.post(reverse("platform-resume", args=args))
    app.refresh_from_db()
    assert not app.is_suspended


@pytest.mark.parametrize("reason", ["", "a\0b", "x" * 201])
def test_a_reason_that_cannot_be_kept_suspends_no_application(carol, alice, sign_in, reason):
    app = make.application(by=alice)
    for name, args in (
        ("platform-suspend", [alice.enterprise.pk, app.pk]),
        ("enterprise-suspend", [alice.enterprise.pk]),
    ):
        answer = sign_in(carol).post(reverse(name, args=args), {"reason": reason}, follow=True)
        assert answer.status_code == 200 and answer.context["messages"]
    app.refresh_from_db()
    alice.enterprise.refresh_from_db()
    assert not app.is_suspended and alice.enterprise.state == EnterpriseState.ACTIVE


def test_the_platforms_own_application_is_not_found(carol, sign_in):
    own = make.enterprise(is_platform=True)
    app = Application(enterprise=own, name="own", region="cn")
    app.issue_key()
    app.save()
    for deed in ("platform-suspend", "platform-resume"):
        assert sign_in(carol).post(reverse(deed, args=[own.pk, app.pk]), {"reason": "Why not"}).status_code == 404
    app.refresh_from_db()
    assert not app.is_suspended


def test_a_draft_is_saved_published_and_frozen(carol, alice, sign_in):
    client = sign_in(carol)
    draft = agreement_versions.draft()
    answer = client.post(reverse("agreement-edit"), TEXTS | {"seen": agreement_versions.token(draft)})
    saved = Agreement.objects.get()
    assert answer.status_code == 302 and saved.number == 1 and saved.published_at is None
    page = client.get(reverse("agreement-version", args=[1])).content.decode()
    seen = {"seen": agreement_versions.token(saved)}
    assert f'name="seen" value="{seen["seen"]}"' in page
    client.post(reverse("agreement-publish", args=[1]), seen)
    saved.refresh_from_db()
    assert saved.published_by == carol and Agreement.objects.current() == saved
    told = Notice.objects.filter(enterprise=alice.enterprise, code="agreement.published")
    assert not told.exists(), "the first version changes nothing for anybody"
    answer = client.post(reverse("agreement-publish", args=[1]), seen, follow=True)
    assert "published already" in answer.content.decode()
    assert agreement_versions.draft().number == 2
    second = agreement_versions.draft()
    assert second.text_en == "Be fair."
    client.post(reverse("agreement-edit"), TEXTS | {"text_en": "Be fairer.", "seen": agreement_versions.token(second)})
    second = agreement_versions.draft()
    client.post(reverse("agreement-publish", args=[2]), {"seen": agreement_versions.token(second)})
    assert told.count() == 1


def test_two_administrators_do_not_overwrite_each_other(carol):
    seen = agreement_versions.token(agreement_versions.draft())
    agreement_versions.save(TEXTS, seen=seen, by=carol)
    with pytest.raises(NotAllowed):
        agreement_versions.save(TEXTS | {"text_en": "Mine."}, seen=seen, by=carol)
    assert Agreement.objects.get().text_en == "Be fair."


def test_a_text_that_was_changed_since_it_was_read_is_not_published(carol, sign_in):
    draft = Agreement.objects.create(number=1, text_en="Be fair.", text_zh="公平。")
    seen = agreement_versions.token(draft)
    agreement_versions.save(TEXTS | {"text_en": "Pay more."}, seen=seen, by=carol)
    for posted in ({"seen": seen}, {}):
        answer = sign_in(carol).post(reverse("agreement-publish", args=[1]), posted, follow=True)
        assert "Somebody has changed the text since you opened this page" in answer.content.decode()
    assert Agreement.objects.current() is None


def test_an_empty_language_is_not_published(carol):
    draft = Agreement.objects.create(number=1, text_en="Be fair.", text_zh="")
    with pytest.raises(NotAllowed):
        agreement_versions.publish(draft, seen=agreement_versions.token(draft), by=carol)


@pytest.mark.django_db(transaction=True)
def test_one_of_two_publishers_wins(carol):
    draft = Agreement.objects.create(number=1, text_en="Be fair.", text_zh="公平。")
    outcomes: list[str] = []

    def publish() -> None:
        try:
            agreement_versions.publish(draft, seen=agreement_versions.token(draft), by=carol)
            outcomes.append("published")
        except NotAllowed:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=publish) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["published", "refused", "refused", "refused"]


def test_a_published_text_cannot_be_changed(carol):
    draft = Agreement.objects.create(number=1, text_en="Be fair.", text_zh="公平。")
    agreement_versions.publish(draft, seen=agreement_versions.token(draft), by=carol)
    for statement in ("UPDATE accounts_agreement SET text_en = 'Pay more.'", "DELETE FROM accounts_agreement"):
        with pytest.raises(Error), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_reviewer_does_not_administer(bob, alice, sign_in):
    client = sign_in(bob)
    for name in ("enterprises", "agreements", "agreement-edit"):
        assert client.get(reverse(name)).status_code == 403
    assert client.post(reverse("enterprise-suspend", args=[alice.enterprise_id]), {"reason": "x"}).status_code == 403


def test_a_suspended_enterprise_begins_nothing_new(carol):
    owner = make.user(role=Role.OWNER)
    home = make.home(owner)
    administration.suspend(home, by=carol, reason="Junk")
    begun = [
        lambda: invitations.invite("new@example.com", Role.VIEWER, by=owner),
        lambda: own_numbers.add(home, "+8613912345678", by=owner),
        lambda: make.application(by=owner) and applications.create(Application(enterprise=home, region="cn"), by=owner),
    ]
    for deed in begun:
        with pytest.raises(NotAllowed, match="Junk"):
            deed()


def test_administrators_read_what_staff_did_anywhere(carol, bob, sign_in):
    alice = make.user(name="Alice Wu", role=Role.OWNER)
    make.verification(by=alice).move(ReviewState.APPROVED, by=bob)
    page = sign_in(carol).get(reverse("audit"), {"person": bob.pk}).content.decode()
    assert "Real-name verification approved" in page and make.home(alice).name in page
    assert "sent in for review" not in page, "what people of an enterprise did stands with that enterprise"
