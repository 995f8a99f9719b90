"""Signatures that nobody uses fall asleep, and are used again when reviewers have agreed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Notice, ReviewState
from console.lib.errors import NotAllowed
from templates_app import dormancy, signatures, tasks
from templates_app.models import MessageTemplate, Signature, SignatureActivation, TemplateVersion
from templates_app.models.signature import Dormancy
from templates_app.models.stage import Stage
from tests import make

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=181)


def signature_of(version: TemplateVersion) -> Signature:
    assert version.template.signature
    return version.template.signature


def aged(alice, *, name="清禾会员", **times):
    """An approved, usable one whose times are as old as said; the others are as old as LONG_AGO."""
    made = make.signature(by=alice, name=name)
    old = dict.fromkeys(("decided_at", "awake_since"), timezone.now() - LONG_AGO)
    Signature.objects.filter(pk=made.pk).update(**old | times)
    made.refresh_from_db()
    return made


@pytest.fixture
def sleeping(alice):
    made = aged(alice)
    assert dormancy.let_sleep() == 1
    made.refresh_from_db()
    return made


def test_who_is_idle_for_long_falls_asleep_once(alice):
    version = make.template(by=alice)
    signature = signature_of(version)
    old = timezone.now() - LONG_AGO
    Signature.objects.update(decided_at=old, awake_since=old)
    tasks.let_sleep()
    tasks.let_sleep()
    signature.refresh_from_db()
    assert (signature.dormancy, signature.stage, signature.is_sendable) == (
        Dormancy.DORMANT, Stage.TO_BE_ACTIVATED, False,
    )  # fmt: skip
    assert not MessageTemplate.objects.sendable().exists()
    assert AuditEntry.objects.get(verb="signature.dormant").detail["days"] == 180
    notice = Notice.objects.get(code="signature.dormant")
    assert (notice.facts["name"], notice.facts["days"]) == (str(signature), 180)


@pytest.mark.parametrize("time", ["decided_at", "awake_since", "last_used_at"])
def test_whatever_was_last_counts(alice, time):
    aged(alice, **{time: timezone.now() - timedelta(days=179)})
    assert dormancy.let_sleep() == 0


def test_days_are_a_setting(alice, settings):
    aged(alice)
    for days, done in ((0, 0), (365, 0), (30, 1)):
        settings.SIGNATURE_DORMANT_DAYS = days
        assert dormancy.let_sleep() == done


def test_only_usable_ones_fall_asleep(alice):
    old = timezone.now() - timedelta(days=500)
    made = [
        make.signature(by=alice, name="清禾一号", number=""),
        make.signature(by=alice, name="清禾二号", approved=None),
    ]
    disabled = make.signature(by=alice, name="清禾三号")
    disabled.move(ReviewState.DISABLED, by=alice)
    platform = Signature.objects.create(
        enterprise=alice.enterprise, application=made[0].application, name="短信测试", type="notification",
        purpose="Test", built_in=True, review_state=ReviewState.APPROVED,
    )  # fmt: skip
    Signature.objects.filter(pk__in=[platform.pk, disabled.pk, *(one.pk for one in made)]).update(awake_since=old)
    Signature.objects.exclude(decided_at=None).update(decided_at=old)
    assert dormancy.let_sleep() == 0


def test_those_from_before_fall_asleep_like_others(alice):
    made = make.signature(by=alice, legacy=True, number="")
    Signature.objects.filter(pk=made.pk).update(decided_at=timezone.now() - LONG_AGO, awake_since=timezone.now())
    assert dormancy.let_sleep() == 0
    Signature.objects.filter(pk=made.pk).update(awake_since=timezone.now() - LONG_AGO)
    assert dormancy.let_sleep() == 1


def test_use_begins_the_time_anew(alice):
    made = aged(alice)
    signatures.used(made)
    assert dormancy.let_sleep() == 0


def test_used_in_the_very_moment_it_stays_awake(alice, monkeypatch):
    made = aged(alice)
    before = timezone.now() - timedelta(days=180)
    assert list(dormancy.sleepers(before)) == [made]
    signatures.used(made)
    assert not dormancy._put_to_sleep(made, before, days=180)
    assert not Notice.objects.filter(code="signature.dormant").exists()


def test_awake_again_once_reviewers_agree(alice, bob, sleeping):
    asked = signatures.activate(sleeping, "Spring sale", by=alice)
    assert sleeping.stage == Stage.PENDING_ACTIVATE
    with pytest.raises(NotAllowed, match="already asked"):
        signatures.activate(sleeping, "Again", by=alice)
    asked.move(ReviewState.APPROVED, by=bob)
    sleeping.refresh_from_db()
    assert (sleeping.stage, sleeping.is_sendable) == (Stage.REVIEW_PROCESSING_COMPLETED, True)
    assert Notice.objects.filter(code="signatureactivation.approved").count() == 1
    assert dormancy.let_sleep() == 0  # its time has begun anew


@pytest.mark.parametrize("to", [ReviewState.REJECTED, ReviewState.WITHDRAWN])
def test_refused_or_withdrawn_it_sleeps_on_and_may_ask_again(alice, bob, sleeping, to):
    asked = signatures.activate(sleeping, "Spring sale", by=alice)
    asked.move(to, by=bob if to == ReviewState.REJECTED else alice, reason="No such sale")
    assert sleeping.stage == Stage.TO_BE_ACTIVATED
    assert signatures.activate(sleeping, "Autumn sale", by=alice).is_pending


def test_what_is_awake_or_undecided_is_not_activated(alice):
    for approved in (True, None):
        made = make.signature(by=alice, name=f"清禾{approved}", approved=approved)
        with pytest.raises(NotAllowed, match="does not have to be activated"):
            signatures.activate(made, "Why not", by=alice)


def test_an_activation_says_why(alice, sleeping):
    with pytest.raises(NotAllowed, match="Say what"):
        signatures.activate(sleeping, "  ", by=alice)


def test_deleted_while_it_asks_nothing_is_left_open(alice, bob, sleeping):
    asked = signatures.activate(sleeping, "Spring sale", by=alice)
    signatures.remove(sleeping, by=alice)
    asked.refresh_from_db()
    assert asked.review_state == ReviewState.WITHDRAWN
    assert sleeping.review_state == ReviewState.DISABLED


def test_what_is_over_is_not_woken(alice, bob, carol, sleeping):
    asked = signatures.activate(sleeping, "Spring sale", by=alice)
    sleeping.move(ReviewState.INACTIVE, by=carol, reason="Complaints")
    with pytest.raises(NotAllowed, match="no longer approved"):
        SignatureActivation.objects.get(pk=asked.pk).move(ReviewState.APPROVED, by=bob)
    asked.refresh_from_db()
    assert asked.review_state == ReviewState.IN_REVIEW
