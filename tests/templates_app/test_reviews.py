import pytest
from django.db import IntegrityError, transaction

from accounts.models import ReviewState
from console.lib.errors import NotAllowed
from templates_app import reviews
from templates_app.models import TemplateVersion
from tests import make

pytestmark = pytest.mark.django_db


def test_of_two_reviewers_the_second_is_told(alice, bob, carol):
    version = make.template(by=alice, approved=None)
    same = TemplateVersion.objects.get(pk=version.pk)
    reviews.decide(version, by=bob, approve=True)
    with pytest.raises(NotAllowed, match=r"approved this, \d\d:\d\d\. Nothing of yours was saved"):
        reviews.decide(same, by=carol, approve=False, reason="No")
    assert TemplateVersion.objects.get().decided_by == bob


def test_rejecting_needs_a_reason(alice, bob):
    version = make.template(by=alice, approved=None)
    with pytest.raises(NotAllowed, match="Say why"):
        reviews.decide(version, by=bob, approve=False, reason=" ")


def test_the_enterprise_does_not_decide(alice):
    version = make.template(by=alice, approved=None)
    with pytest.raises(NotAllowed, match="reviewers"):
        reviews.decide(version, by=alice, approve=True)


def test_database_refuses_a_decision_by_the_submitter(alice, bob):
    version = make.template(by=alice, approved=None)
    with pytest.raises(IntegrityError, match="decided_by_another"), transaction.atomic():
        TemplateVersion.objects.filter(pk=version.pk).update(submitted_by=bob, decided_by=bob)


def test_database_refuses_an_approval_without_decider(alice):
    version = make.template(by=alice, approved=None)
    with pytest.raises(IntegrityError, match="decision_has_decider"), transaction.atomic():
        TemplateVersion.objects.filter(pk=version.pk).update(review_state=ReviewState.APPROVED)


def test_changes_never_cut_a_variable_or_a_word():
    pieces = reviews.changes("Dear ${1}, order ${2} left", "Dear ${1}, order ${3} came")
    assert pieces == [
        ("same", "Dear ${1}, order "),
        ("del", "${2}"),
        ("ins", "${3}"),
        ("same", " "),
        ("del", "left"),
        ("ins", "came"),
    ]


def test_queue_holds_both_kinds_oldest_first(alice, bob):
    version = make.template(by=alice, approved=None)
    signature = make.signature(by=alice, approved=None, name="清禾到家")
    assert [(item.kind, item.pk) for item in reviews.waiting(bob)] == [
        ("template", version.pk),
        ("signature", signature.pk),
    ]


def test_history_hides_the_names_of_reviewers_from_enterprises(alice):
    version = make.template(by=alice, approved=False)
    for_staff = [event.words for event in reviews.history(version, for_staff=True)]
    for_tenant = [event.words for event in reviews.history(version, for_staff=False)]
    assert for_staff == [f"v1 Rejected by {make.reviewer()}: Not about your company.", "v1 Sent in by Alice Wu"]
    assert for_tenant[0] == "v1 Rejected by the platform: Not about your company."
