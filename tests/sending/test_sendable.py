"""What may be sent: the claim's condition and the sentence that people read are one rule, whatever the states are."""

from datetime import timedelta
from itertools import product

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from accounts.models import ReviewState, Role
from accounts.models.application import Region
from console.lib.errors import NotAllowed
from sending import dispatch, due, jobs
from sending.models import JobStatus
from sending.sendable import check_sendable, obstacle, signature_fault
from templates_app import channels
from templates_app.models import Signature, TemplateVersion
from templates_app.models.signature import Dormancy, Registration
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make.user(role=Role.OWNER)


def claimable(job):
    return job.pk in {waiting.id for waiting in dispatch.waiting_jobs()}


def allowed(job):
    try:
        check_sendable(job)
    except NotAllowed:
        return False
    return True


def force(model, pk, **fields):
    """Whether the database lets a row be so."""
    try:
        with transaction.atomic():
            model.objects.filter(pk=pk).update(**fields)
    except IntegrityError:
        return False
    return True


@pytest.mark.parametrize("legacy", [False, True])
def test_a_job_is_claimable_exactly_while_the_check_passes(owner, legacy):
    """Every state of signature and version that the database allows."""
    sign = make.signature(by=owner, legacy=legacy)
    job = make.job(by=owner, version=make.template(by=owner, sign=sign))
    seen = {True: 0, False: 0}
    over = timezone.now() - timedelta(hours=1)
    assert job.signature
    for state, registration, dormancy, until in product(ReviewState, Registration, Dormancy, (None, over)):
        fields = {"review_state": state, "registration": registration, "dormancy": dormancy, "valid_until": until}
        if not force(Signature, sign.pk, reason="x", **fields):
            continue
        job.signature.refresh_from_db()
        counts = job.signature.is_sendable
        assert claimable(job) is allowed(job) is counts is Signature.objects.sendable().filter(pk=sign.pk).exists()
        assert bool(signature_fault(job.signature)) is not counts is not bool(obstacle(job))
        seen[counts] += 1
    assert seen[True] == (len(Registration) if legacy else 1) and seen[False] > 40
    fields = {"review_state": ReviewState.APPROVED, "registration": Registration.DONE, "dormancy": Dormancy.AWAKE}
    assert force(Signature, sign.pk, valid_until=None, **fields)
    for state, until in product(ReviewState, (None, over)):
        if force(TemplateVersion, job.version_id, review_state=state, valid_until=until, reason="x"):
            assert claimable(job) is allowed(job) is (state == ReviewState.APPROVED and until is None)


def test_the_platforms_own_signatures_need_no_number(owner):
    sign = make.signature(by=owner, approved=None)
    built_in = Signature.objects.create(
        enterprise=sign.enterprise, application=sign.application, name="平台短信", type=sign.type, purpose="Codes",
        built_in=True, review_state=ReviewState.APPROVED,
    )  # fmt: skip
    job = make.job(by=owner, version=make.template(by=owner, sign=built_in))
    assert claimable(job) and allowed(job)


def test_a_mainland_job_without_a_signature_is_not_sent(owner):
    version = make.template(by=owner, universal=True)
    job = make.job(by=owner, version=version)
    assert job.signature is None and not claimable(job)
    assert "mainland messages need one" in obstacle(job)
    abroad = make.job(by=owner, version=make.template(by=owner, region=Region.INTERNATIONAL))
    assert claimable(abroad) and not obstacle(abroad)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"dormancy": Dormancy.DORMANT}, "sleeps. Activate it"),
        ({"registration": Registration.NONE}, "has no channel number yet"),
        ({"registration": Registration.REGISTERING}, "still being registered"),
        ({"registration": Registration.FAILED, "registration_words": "Licence expired."}, "Reason: Licence expired."),
        ({"review_state": ReviewState.DISABLED}, "is disabled"),
        ({"review_state": ReviewState.INACTIVE, "reason": "Complaints.", "reason_zh": "投诉。"}, "Reason: Complaints."),
    ],
)
def test_a_job_that_stands_still_says_why_and_goes_on_afterwards(owner, fields, words):
    sign = make.signature(by=owner)
    job = make.job(by=owner, version=make.template(by=owner, sign=sign))
    before = {name: getattr(sign, name) for name in fields}
    force(Signature, sign.pk, **fields)
    assert words in obstacle(job) and not claimable(job)
    with translation.override("zh-hans"):
        assert obstacle(job)
    force(Signature, sign.pk, **before)
    assert not obstacle(job) and claimable(job)


def test_a_deactivated_template_says_why(owner):
    job = make.job(by=owner)
    job.version.move(ReviewState.INACTIVE, by=make.administrator(), reason="New rule.", reason_zh="新规。")
    assert "deactivated version 1" in obstacle(job) and "New rule." in obstacle(job)


def test_when_a_job_starts_its_signature_counts_as_used(owner):
    job = make.job(by=owner, status=JobStatus.CHECKED)
    later = make.job(by=owner, status=JobStatus.SCHEDULED)
    assert job.signature and later.signature and job.signature.last_used_at is None
    jobs.confirm(job, by=owner)
    job.signature.refresh_from_db()
    assert job.signature.last_used_at is not None
    assert later.signature.last_used_at is None, "scheduled is not used yet"
    type(later).objects.filter(pk=later.pk).update(scheduled_at=timezone.now())
    assert due.start_due_jobs() == 1
    later.signature.refresh_from_db()
    assert later.signature.last_used_at is not None


def test_a_scheduled_job_whose_signature_sleeps_is_held_and_does_not_wake_it(owner):
    job = make.job(by=owner, status=JobStatus.SCHEDULED)
    force(Signature, job.signature_id, dormancy=Dormancy.DORMANT)
    type(job).objects.filter(pk=job.pk).update(scheduled_at=timezone.now())
    due.start_due_jobs()
    job.refresh_from_db()
    assert job.signature
    job.signature.refresh_from_db()
    assert job.status == JobStatus.PAUSED and job.signature.last_used_at is None
    assert "sleeps" in obstacle(job)


def test_what_is_claimed_leaves_from_the_signatures_number_as_it_is_now(owner):
    sign = make.signature(by=owner, number="106900001111")
    job = make.job(by=owner, version=make.template(by=owner, sign=sign))
    legacy = make.job(
        by=owner, version=make.template(by=owner, sign=make.signature(by=owner, name="老签名", legacy=True, number=""))
    )
    sources = {waiting.id: waiting.source for waiting in dispatch.waiting_jobs()}
    assert sources == {job.pk: "106900001111", legacy.pk: ""}
    channels.assign(sign, "106900002222", by=make.administrator(), to=Registration.REGISTERING)
    channels.assign(sign, "106900002222", by=make.administrator())
    assert {w.source for w in dispatch.waiting_jobs() if w.id == job.pk} == {"106900002222"}


def test_a_number_fits_what_a_carrier_takes_as_a_sender(owner):
    sign = make.signature(by=owner, number="")
    with pytest.raises(NotAllowed, match="3 to 20 digits"):
        channels.assign(sign, "1" * 21, by=make.administrator())
    channels.assign(sign, "1" * 20, by=make.administrator())
