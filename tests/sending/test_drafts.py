"""Putting a job together: what is kept, what is cleared, what is refused; and that a draft becomes one job."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from accounts import applications
from accounts.models import ReviewState, Role, ServiceMode
from accounts.models.application import Region
from console.lib.errors import NotAllowed
from sending import drafts, offers, sweeper
from sending.drafts import Step
from sending.intake import sources, upload
from sending.models import JobDraft, JobStatus, RecipientList, SendJob, Source
from sending.models.background import MakingState
from templates_app.models import MessageType, Signature
from templates_app.models.signature import Registration
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


@pytest.fixture
def sign(alice):
    return make.signature(by=alice, settled=True)


@pytest.fixture
def version(alice, sign):
    return make.template(by=alice, sign=sign, text="您的积分今日到期。", variables=[])


def start(by, **more):
    return drafts.start(by=by, token=uuid.uuid4(), name="March", **more)


def choose(draft, step, thing):
    return drafts.choose(draft, step, thing, seen=drafts.basis(fresh(draft), step))


def fresh(draft):
    return drafts.find(draft.created_by).get(pk=draft.pk)


def full(by, version):
    """A draft that lacks nothing but its recipients."""
    draft = start(by, template=version.template)
    assert drafts.progress(fresh(draft)).missing == Step.RECIPIENTS
    return fresh(draft)


def begin(draft, version, numbers="13800138000"):
    recipients = sources.typed(version, numbers)
    seen = drafts.basis(draft, Step.RECIPIENTS)
    return drafts.begin(draft, by=draft.created_by, recipients=recipients, seen=seen)


# Steps


def test_the_steps_are_asked_in_their_order_and_kept(alice, version, sign):
    draft = start(alice)
    template = version.template
    wanted = [(Step.APPLICATION, template.application), (Step.SIGNATURE, sign), (Step.TEMPLATE, template)]
    for step, thing in wanted:
        now = drafts.progress(fresh(draft))
        assert now.missing == step and now.may_open(step) and not now.may_open(Step.RECIPIENTS)
        assert choose(draft, step, thing) == []
    now = drafts.progress(fresh(draft))
    assert now.missing == Step.RECIPIENTS and now.faults == {} and now.message and now.message.version == version


def test_messages_abroad_have_no_signature_step(alice):
    version = make.template(by=alice, region=Region.INTERNATIONAL)
    draft = start(alice)
    choose(draft, Step.APPLICATION, version.template.application)
    now = drafts.progress(fresh(draft))
    assert now.missing == Step.TEMPLATE and Step.SIGNATURE not in now.steps and not now.may_open("signature")


def test_another_application_clears_what_no_longer_fits_and_says_so(alice, version, sign):
    draft = full(alice, version)
    other = make.application(by=alice)
    cleared = choose(draft, Step.APPLICATION, other)
    assert [str(sign) in cleared[0], str(version.template) in cleared[1]] == [True, True]
    draft = fresh(draft)
    assert (draft.application, draft.signature, draft.template) == (other, None, None)


def test_a_universal_template_stays_under_another_signature_of_its_type(alice, sign):
    universal = make.template(by=alice, app=sign.application, universal=True)
    other = make.signature(by=alice, app=sign.application, name="清禾鲜送", settled=True)
    promotion = make.signature(by=alice, app=sign.application, name="特卖", type=MessageType.PROMOTION, settled=True)
    draft = start(alice, template=universal.template)
    assert drafts.progress(fresh(draft)).missing == Step.SIGNATURE, "it brings none"
    for signature in (sign, other):
        assert choose(draft, Step.SIGNATURE, signature) == []
        assert fresh(draft).template == universal.template
    assert len(choose(draft, Step.SIGNATURE, promotion)) == 1
    assert fresh(draft).template is None


def test_what_cannot_be_sent_cannot_be_chosen(alice, version, sign):
    draft = start(alice)
    suspended = make.application(by=alice)
    applications.suspend(suspended, by=alice, reason="Key lost")
    with pytest.raises(NotAllowed, match="suspended. Reason: Key lost"):
        choose(draft, Step.APPLICATION, suspended)
    app = sign.application
    choose(draft, Step.APPLICATION, app)
    codes = make.signature(by=alice, app=app, name="验证", type=MessageType.VERIFICATION, settled=True)
    with pytest.raises(NotAllowed, match="Verification codes cannot be sent to groups"):
        choose(draft, Step.SIGNATURE, codes)
    with pytest.raises(NotAllowed, match="no channel number yet"):
        choose(draft, Step.SIGNATURE, make.signature(by=alice, app=app, name="无号", number=""))
    with pytest.raises(NotAllowed, match="another application"):
        choose(draft, Step.SIGNATURE, make.signature(by=alice, name="别处", settled=True))
    choose(draft, Step.SIGNATURE, sign)
    with pytest.raises(NotAllowed, match="awaits its review"):
        choose(draft, Step.TEMPLATE, make.template(by=alice, sign=sign, approved=None).template)
    other = make.signature(by=alice, app=app, name="清禾鲜送", settled=True)
    with pytest.raises(NotAllowed, match="goes out under 【清禾鲜送】"):
        choose(draft, Step.TEMPLATE, make.template(by=alice, sign=other).template)
    draft = fresh(draft)
    assert (draft.application, draft.signature, draft.template) == (app, sign, None)


def test_what_was_chosen_may_cease_to_fit_by_itself(alice, version, sign):
    draft = full(alice, version)
    version.move(ReviewState.DISABLED, by=alice)
    now = drafts.progress(fresh(draft))
    assert now.missing == Step.TEMPLATE and "disabled" in now.faults[Step.TEMPLATE]
    Signature.objects.filter(pk=sign.pk).update(registration=Registration.REGISTERING)
    assert drafts.progress(fresh(draft)).missing == Step.SIGNATURE
    applications.suspend(sign.application, by=alice, reason="Key lost")
    assert drafts.progress(fresh(draft)).missing == Step.APPLICATION
    with pytest.raises(NotAllowed, match="Choose the application anew"):
        begin(fresh(draft), version)
    assert not SendJob.objects.exists()


def test_a_page_that_was_overtaken_changes_nothing(alice, version, sign):
    draft = full(alice, version)
    seen = drafts.basis(draft, Step.TEMPLATE)
    other = make.signature(by=alice, app=sign.application, name="清禾鲜送", settled=True)
    choose(draft, Step.SIGNATURE, other)
    with pytest.raises(drafts.Changed, match="changed meanwhile"):
        drafts.choose(draft, Step.TEMPLATE, version.template, seen=seen)
    with pytest.raises(drafts.Changed):
        begin(draft, version)
    assert fresh(draft).template is None and not SendJob.objects.exists()


# Beginning


def test_a_form_posted_twice_makes_one_draft(alice):
    token = uuid.uuid4()
    first = drafts.start(by=alice, token=token, name="March")
    second = drafts.start(by=alice, token=token, name="April")
    assert first == second and JobDraft.objects.get().name == "April"
    theirs = drafts.start(by=make.user(), token=token, name="May")
    assert theirs.token != token, "tokens of others are neither found nor taken"


def test_a_draft_becomes_one_job_however_often_it_is_sent(alice, version, sign):
    draft = full(alice, version)
    drafts.keep_recipients(draft, source=Source.TYPED, numbers="13800138000", saved_list=None)
    job = begin(draft, version, "13800138000, 13800138001")
    assert begin(draft, version) == job == drafts.job_of(draft) == SendJob.objects.get()
    assert (job.name, job.token, job.signature, job.version) == ("March", draft.token, sign, version)
    assert job.status == JobStatus.UPLOADED and job.files.get().source == Source.TYPED
    assert fresh(draft).numbers == "", "they are in the job's file"
    assert not drafts.unfinished(alice).exists()
    with pytest.raises(NotAllowed, match="has become a job"):
        drafts.remove(draft)


@pytest.mark.django_db(transaction=True)
def test_two_who_begin_at_once_make_one_job(alice, version):
    draft, made, gate = full(alice, version), [], threading.Barrier(2)

    def run():
        try:
            gate.wait()
            made.append(begin(draft, version).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2 and set(made) == {SendJob.objects.get().pk}


def test_the_signature_of_a_universal_template_is_the_chosen_one(alice, sign):
    universal = make.template(by=alice, app=sign.application, universal=True, variables=[], text="今日营业。")
    draft = start(alice, template=universal.template)
    choose(draft, Step.SIGNATURE, sign)
    assert begin(fresh(draft), universal).signature == sign


def test_a_list_remembers_when_it_was_used(alice, version):
    held = saved_list(alice, ["手机号"])
    draft = full(alice, version)
    with upload.Recipients(ContentFile(b"13800138000\n", "list.csv")).file as file:
        recipients = upload.Recipients(file, Source.LIST, held)
        drafts.begin(draft, by=alice, recipients=recipients, seen=drafts.basis(draft, Step.RECIPIENTS))
    held.refresh_from_db()
    assert timezone.now() - held.last_used_at < timedelta(minutes=1)


def saved_list(by, columns, **fields):
    kept = {"name": f"List {RecipientList.objects.count()}", "rows": 1, "file": "none", "state": MakingState.READY}
    job = SendJob.objects.first() or make.job(by=by)
    return RecipientList.objects.create(
        enterprise=make.home(by), columns=columns, job=job, created_by=by, **(kept | fields)
    )


def test_a_deleted_draft_begins_nothing(alice, version):
    draft = full(alice, version)
    drafts.remove(draft)
    with pytest.raises(NotAllowed, match="was deleted meanwhile"):
        begin(draft, version)
    assert not SendJob.objects.exists()


def test_drafts_are_forgotten_a_month_after_their_last_use(alice):
    old, young = start(alice), start(alice)
    JobDraft.objects.filter(pk=old.pk).update(updated_at=timezone.now() - timedelta(days=31))
    JobDraft.objects.filter(pk=young.pk).update(updated_at=timezone.now() - timedelta(days=29))
    sweeper.sweep_hourly()
    assert JobDraft.objects.get() == young


# Duplicates


def test_a_duplicate_has_the_same_message_and_the_next_name(alice, version, sign):
    job = make.job(by=alice, version=version, name="Members 9")
    make.job(by=alice, version=version, name="Members 10")
    draft, left_out = drafts.duplicate(job, by=alice)
    assert left_out == [] and draft.name == "Members 11" and draft.token != job.token
    assert (draft.application, draft.signature, draft.template) == (sign.application, sign, version.template)
    assert drafts.duplicate(make.job(by=alice, version=version, name="x" * 60), by=alice)[0].name == "x" * 58 + " 2"


def test_a_duplicate_leaves_out_what_cannot_be_sent_any_more(alice, version, sign):
    job = make.job(by=alice, version=version)
    version.move(ReviewState.DISABLED, by=alice)
    draft, left_out = drafts.duplicate(job, by=alice)
    assert (draft.signature, draft.template) == (sign, None)
    assert len(left_out) == 1 and "disabled" in left_out[0] and version.template.name in left_out[0]
    applications.suspend(sign.application, by=alice, reason="Key lost")
    draft, left_out = drafts.duplicate(SendJob.objects.get(pk=job.pk), by=alice)
    assert (draft.application, draft.signature, draft.template) == (None, None, None)
    assert len(left_out) == 1 and "Key lost" in left_out[0]


# What is offered


def barred(found):
    return {entry.thing: entry for entry in found.barred}


def test_applications_that_cannot_send_are_listed_with_the_reason(alice, version):
    idle = make.application(by=alice)
    suspended = make.application(by=alice)
    applications.suspend(suspended, by=alice, reason="Key lost")
    make.template(by=make.user())
    found = offers.applications(alice)
    assert {(ready.thing, ready.templates) for ready in found.fitting} == {(version.template.application, 1), (idle, 0)}
    assert "Key lost" in barred(found)[suspended].why
    home = make.home(alice)
    home.service_mode = ServiceMode.PACKAGE_ONLY
    home.save()
    found = offers.applications(alice)
    assert not found.fitting and {entry.why for entry in found.barred} == {
        "Your service mode covers international messages only."
    }


def test_signatures_that_cannot_be_used_are_listed_with_the_reason(alice, version, sign):
    app = sign.application
    make.template(by=alice, app=app, universal=True)
    waiting = make.signature(by=alice, app=app, name="待审", approved=None)
    codes = make.signature(by=alice, app=app, name="验证", type=MessageType.VERIFICATION, settled=True)
    numberless = make.signature(by=alice, app=app, name="无号", number="")
    make.signature(by=alice, name="别处", settled=True)
    found = offers.signatures(alice, app)
    assert [(ready.thing, ready.templates) for ready in found.fitting] == [(sign, 2)]
    assert set(barred(found)) == {waiting, codes, numberless}
    assert barred(found)[waiting].due == waiting.due_at and waiting.due_at
    assert "no channel number" in barred(found)[numberless].why
    assert "Verification codes" in barred(found)[codes].why


def test_templates_are_those_of_the_signature_and_universal_ones_of_its_type(alice, version, sign):
    app = sign.application
    universal = make.template(by=alice, app=app, universal=True)
    promotion = make.template(by=alice, app=app, universal=True, type=MessageType.PROMOTION)
    codes = make.template(by=alice, app=app, universal=True, type=MessageType.VERIFICATION)
    waiting = make.template(by=alice, sign=sign, approved=None)
    make.template(by=alice)
    found = offers.templates(alice, app, sign)
    assert {message.version for message in found.fitting} == {version, universal}
    assert set(barred(found)) == {promotion.template, codes.template, waiting.template}
    assert "another type" in barred(found)[promotion.template].why
    assert barred(found)[waiting.template].due == waiting.due_at
    one = offers.templates(alice, app, sign, find=version.template.name.lower())
    assert [message.version for message in one.fitting] == [version] and not one.barred
    assert [message.version for message in offers.templates(alice, app, sign, find="积分今日").fitting] == [version]


def test_the_test_signature_goes_with_the_test_template_only(alice, sign):
    universal = make.template(by=alice, app=sign.application, universal=True)
    Signature.objects.filter(pk=sign.pk).update(built_in=True)
    sign.refresh_from_db()
    found = offers.templates(alice, sign.application, sign)
    assert "test template only" in barred(found)[universal.template].why
    assert offers.signatures(alice, sign.application).fitting[0].templates == 0


@pytest.mark.parametrize(
    ("text", "variables", "least", "most"),
    [
        ("您好。", [], 1, 1),
        ("好" * 55 + "${1}", [{"name": "1", "kind": "TEXT", "longest": 20}], 1, 2),
        ("好" * 80, [], 2, 2),
    ],
)
def test_a_message_says_how_many_segments_it_takes(alice, sign, text, variables, least, most):
    version = make.template(by=alice, sign=sign, text=text, variables=variables)
    message = offers.message(version.template, sign)
    assert message and (message.least, message.most) == (least, most)


def test_what_is_offered_is_what_a_job_can_be_made_of(alice, sign):
    """The lists and `upload.receive` follow one rule: each offered template makes a job, no barred one does."""
    app = sign.application
    for kind in MessageType:
        make.template(by=alice, app=app, universal=True, type=kind, variables=[], text="今日营业。")
        for approved in (True, False, None):
            own = make.signature(by=alice, app=app, name=f"{kind.label}{approved}", type=kind, settled=True)
            make.template(by=alice, sign=own, type=kind, approved=approved, variables=[], text="今日营业。")
    outcomes = {True: 0, False: 0}
    for ready in offers.signatures(alice, app).fitting:
        found = offers.templates(alice, app, ready.thing)
        assert len(found.fitting) == ready.templates
        for template in [message.template for message in found.fitting] + [entry.thing for entry in found.barred]:
            fits = template in [message.template for message in found.fitting]
            outcomes[fits] += 1
            assert receives(alice, template, ready.thing) == fits, (template, template.type, ready.thing)
    assert all(outcomes.values())


def receives(by, template, signature):
    version = template.approved_version
    try:
        assert version is not None
        upload.receive(
            enterprise=make.home(by),
            by=by,
            token=uuid.uuid4(),
            name="x",
            version=version,
            recipients=sources.typed(version, "13800138000"),
            signature=signature,
        )
    except (NotAllowed, AssertionError):
        return False
    return True


def test_lists_say_which_variables_they_have_no_column_for(alice, sign):
    version = make.template(by=alice, sign=sign)  # name and amount
    whole = saved_list(alice, ["手机号", "姓名", "金额"], last_used_at=timezone.now())
    part = saved_list(alice, ["Mobile number", "姓名"])
    saved_list(alice, ["手机号"], removed_at=timezone.now())
    saved_list(alice, ["手机号"], state=MakingState.WAITING)
    saved_list(make.user(), ["手机号"])
    found = {one.held: [variable.name for variable in one.lacking] for one in offers.lists(alice, version)}
    assert list(found.items()) == [(whole, []), (part, ["2"])]
