from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEntry, ReviewState
from console.lib.errors import NotAllowed
from templates_app import drafts, reviews
from templates_app.models import MessageTemplate, MessageType, TemplateVersion
from templates_app.models.template import Variable
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(alice):
    signature = make.signature(by=alice)
    return drafts.Draft(
        name="Points_01",
        type="notification",
        application=signature.application,
        signature=signature,
        text="尊敬的${1}，您有积分到期。",
        variables=[Variable("1", "TEXT", 20, "Name", "王岚")],
        purpose="Each month",
    )


def test_saved_sent_in_and_approved(draft, alice, bob):
    version = drafts.save_draft(draft, by=alice)
    assert (version.number, version.review_state, version.enterprise) == (1, "draft", alice.enterprise)
    drafts.submit(version, by=alice)
    assert version.submitted_by == alice
    reviews.decide(version, by=bob, approve=True)
    assert version.template.approved_version == version
    assert list(MessageTemplate.objects.sendable()) == [version.template]


def test_a_second_submit_is_told(draft, alice):
    version = drafts.save_draft(draft, by=alice)
    same = TemplateVersion.objects.get(pk=version.pk)
    drafts.submit(version, by=alice)
    with pytest.raises(NotAllowed):
        drafts.submit(same, by=alice)
    assert AuditEntry.objects.filter(verb="templateversion.in_review").count() == 1


def test_gaps_may_be_saved_but_not_sent_in(draft, alice):
    version = drafts.save_draft(replace(draft, text="【x】${2}", variables=[]), by=alice)
    with pytest.raises(NotAllowed, match="signature of its own"):
        drafts.submit(version, by=alice)
    version.refresh_from_db()
    assert version.review_state == ReviewState.DRAFT


def test_save_over_a_newer_save_is_refused(draft, alice):
    version = drafts.save_draft(draft, by=alice)
    seen = drafts.token(version)
    drafts.save_draft(replace(draft, text="第一个窗口${1}"), by=alice, version=version, seen=seen)
    with pytest.raises(NotAllowed, match="another window"):
        drafts.save_draft(replace(draft, text="第二个窗口${1}"), by=alice, version=version, seen=seen)
    assert TemplateVersion.objects.get().text == "第一个窗口${1}"


def test_what_was_sent_in_is_not_saved_over(draft, alice):
    version = drafts.save_draft(draft, by=alice)
    drafts.submit(version, by=alice)
    with pytest.raises(NotAllowed, match="sent in or deleted"):
        drafts.save_draft(draft, by=alice, version=version)
    with pytest.raises(NotAllowed):
        drafts.discard(version, by=alice)


def test_database_keeps_the_words_that_were_sent_in(draft, alice):
    version = drafts.save_draft(draft, by=alice)
    drafts.submit(version, by=alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        TemplateVersion.objects.filter(pk=version.pk).update(text="Other words")


@pytest.mark.parametrize("other", ["type", "application", "state", "none"])
def test_signature_must_be_approved_and_fit(draft, alice, other):
    signature = {
        "type": lambda: make.signature(by=alice, app=draft.application, type=MessageType.PROMOTION),
        "application": lambda: make.signature(by=alice, name="清禾到家"),
        "state": lambda: make.signature(by=alice, app=draft.application, name="清禾到家", approved=False),
        "none": lambda: None,
    }[other]()
    version = drafts.save_draft(replace(draft, signature=signature), by=alice)
    with pytest.raises(NotAllowed, match="signature"):
        drafts.submit(version, by=alice)


def test_new_version_begins_with_the_words_of_the_last(draft, alice, bob):
    first = drafts.save_draft(draft, by=alice)
    with pytest.raises(NotAllowed):
        drafts.new_version(first.template, by=alice)
    drafts.submit(first, by=alice)
    reviews.decide(first, by=bob, approve=False, reason="Too vague.")
    second = drafts.new_version(first.template, by=alice)
    assert (second.number, second.text, second.variables) == (2, first.text, first.variables)
    with pytest.raises(NotAllowed):
        drafts.new_version(first.template, by=alice)


def test_name_and_signature_stay_once_approved(draft, alice, bob):
    first = drafts.save_draft(draft, by=alice)
    drafts.submit(first, by=alice)
    reviews.decide(first, by=bob, approve=True)
    second = drafts.new_version(first.template, by=alice)
    drafts.save_draft(replace(draft, text="改过的${1}"), by=alice, version=second)
    with pytest.raises(NotAllowed, match="stay as approved"):
        drafts.save_draft(replace(draft, name="Other_Name"), by=alice, version=second)
    assert first.template.approved_version == first


def test_withdrawn_is_written_anew(draft, alice, bob):
    version = drafts.save_draft(draft, by=alice)
    drafts.submit(version, by=alice)
    drafts.withdraw(version, by=alice)
    with pytest.raises(NotAllowed):
        reviews.decide(version, by=bob, approve=True)
    assert drafts.new_version(version.template, by=alice).number == 2


def test_discarded_draft_takes_an_empty_template_with_it(draft, alice, bob):
    drafts.discard(drafts.save_draft(draft, by=alice), by=alice)
    assert not MessageTemplate.objects.exists()
    first = drafts.save_draft(draft, by=alice)
    drafts.submit(first, by=alice)
    drafts.withdraw(first, by=alice)
    drafts.discard(drafts.new_version(first.template, by=alice), by=alice)
    assert MessageTemplate.objects.get().versions.get() == first


def test_same_name_twice_is_told(draft, alice):
    drafts.save_draft(draft, by=alice)
    with pytest.raises(NotAllowed, match="this name"):
        drafts.save_draft(draft, by=alice)


def test_what_somebody_saved_meanwhile_is_what_is_checked(alice):
    version = drafts.new_version(make.template(by=alice).template, by=alice)
    as_it_was = TemplateVersion.objects.get(pk=version.pk)
    TemplateVersion.objects.filter(pk=version.pk).update(text="Parcel ${7} and ${9}")
    with pytest.raises(NotAllowed, match="variables"):
        drafts.submit(as_it_was, by=alice)
    assert TemplateVersion.objects.get(pk=version.pk).review_state == ReviewState.DRAFT
