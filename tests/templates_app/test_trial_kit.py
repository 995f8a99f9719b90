"""The test signature and template: there at once, marked, not for other texts, and gone after a month."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Application, AuditEntry, ReviewState, Role
from accounts.models.application import Region
from console.lib.errors import NotAllowed
from sending import dispatch, jobs
from sending.models import JobStatus
from sending.sendable import obstacle
from templates_app import drafts, prechecks, trial_kit
from templates_app.models import MessageTemplate, Signature, TemplateVersion
from templates_app.tasks import disable_ended
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(alice):
    return made_with_kit(alice, "shop")


def made_with_kit(by, name):
    made = Application(enterprise=by.enterprise, created_by=by, region="cn", name=name)
    trial_kit.create_application(made, by=by, signs_callbacks=False, trial_kit=True)
    return made


@pytest.fixture
def version(app):
    return TemplateVersion.objects.select_related("template__signature").get(template__application=app)


def end(version, ago=timedelta(seconds=1)):
    """Its month is over."""
    past = timezone.now() - ago
    Signature.objects.filter(pk=version.template.signature_id).update(valid_until=past)
    TemplateVersion.objects.filter(pk=version.pk).update(valid_until=past)
    return TemplateVersion.objects.select_related("template__signature").get(pk=version.pk)


def test_it_comes_with_the_application_when_wanted(alice, sign_in):
    sign_in(alice).post("/cn/applications/new/", {"name": "with", "trial_kit": "on"})
    sign_in(alice).post("/cn/applications/new/", {"name": "without"})
    assert list(Signature.objects.values_list("application__name", flat=True)) == ["with"]
    template = MessageTemplate.objects.sendable().get()
    assert template.approved_version and template.is_built_in
    assert template.signature and template.signature.is_sendable
    assert AuditEntry.objects.get(verb="application.trial_kit_added").by == alice


def test_its_text_obeys_the_rules_for_texts(version):
    assert [result.sentence for result in prechecks.of_version(version) if result.is_fault] == []
    assert version.render(["100001"], trial_kit.SIGNATURE).startswith("【短信测试】这是一条测试短信，编号100001")


def test_each_application_of_an_enterprise_may_have_one(alice, app):
    made_with_kit(alice, "second")
    assert Signature.objects.approved().filter(name=trial_kit.SIGNATURE).count() == 2
    with pytest.raises(NotAllowed, match="mainland"):
        trial_kit.add(make.application(by=alice, region=Region.INTERNATIONAL), by=alice)


def test_nothing_is_made_when_the_application_is_refused(alice, app):
    with pytest.raises(NotAllowed, match="already have"):
        made_with_kit(alice, "shop")
    assert (Application.objects.count(), Signature.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("made", "until"),
    [
        (datetime(2026, 11, 21, 3, tzinfo=UTC), datetime(2026, 12, 21, 3, tzinfo=UTC)),
        (datetime(2026, 1, 31, 3, tzinfo=UTC), datetime(2026, 2, 28, 3, tzinfo=UTC)),
        (datetime(2026, 12, 30, 17, tzinfo=UTC), datetime(2027, 1, 30, 17, tzinfo=UTC)),  # the 31st in Shanghai
    ],
)
def test_a_month_is_a_month_of_the_calendar(alice, made, until):
    with time_machine.travel(made, tick=False):
        made_with_kit(alice, "shop")
    assert Signature.objects.get().valid_until == TemplateVersion.objects.get().valid_until == until


def test_pages_mark_it_and_offer_nothing_that_cannot_be(alice, app, version, sign_in):
    client = sign_in(alice)
    signature = version.template.signature
    for address in (
        "/cn/signatures/",
        f"/cn/signatures/{signature.pk}/",
        "/cn/templates/",
        f"/cn/templates/{version.template_id}/",
    ):
        assert "Test, until" in client.get(address).content.decode(), address
    shown = client.get(f"/cn/templates/{version.template_id}/").content.decode()
    assert "new-version" not in shown and "The platform" in shown
    end(version)
    for address in (f"/cn/signatures/{signature.pk}/", "/cn/templates/"):
        assert "Test, over" in client.get(address).content.decode(), address


def test_it_is_not_put_before_other_texts(alice, app, version, sign_in):
    options = sign_in(alice).get(f"/cn/templates/new/?application={app.pk}").context["form"].fields["signature"]
    assert version.template.signature not in options.queryset
    own = make.template(by=alice, sign=make.signature(by=alice, app=app), approved=None)
    draft = drafts.draft_of(own)
    object.__setattr__(draft, "signature", version.template.signature)
    assert "test template only" in str(drafts.signature_faults(draft)[0])
    with pytest.raises(NotAllowed, match="provided by the platform"):
        drafts.new_version(version.template, by=alice)


def test_an_own_signature_may_have_the_same_name(alice, app, sign_in):
    fields = {"name": trial_kit.SIGNATURE, "type": "notification", "application": app.pk, "purpose": "Ours"}
    fields |= {"source": "0", "involves_third_party": "no", "qualification": make.qualification(by=alice).pk}
    assert sign_in(alice).post("/cn/signatures/new/", fields).status_code == 302


def test_reviewers_do_not_find_it_among_what_they_decided(app, bob, sign_in):
    page = sign_in(bob).get("/reviews/?show=decided").content.decode()
    assert trial_kit.SIGNATURE not in page


def test_after_its_month_it_counts_no_more_before_any_sweep(alice, version):
    version = end(version)
    assert version.review_state == ReviewState.APPROVED
    assert not version.is_sendable and not version.template.signature.is_sendable
    assert not MessageTemplate.objects.sendable().exists()
    assert version.template.approved_version is None
    assert not Signature.objects.approved().exists() and not TemplateVersion.objects.approved().exists()


@pytest.mark.parametrize("swept", [False, True])
def test_jobs_with_it_stand_still_then(alice, version, swept):
    checked = make.job(by=alice, version=version, status=JobStatus.CHECKED)
    sending = make.job(by=alice, version=version)
    assert [job.id for job in dispatch.waiting_jobs()] == [sending.pk]
    end(version)
    if swept:
        disable_ended()
    assert dispatch.waiting_jobs() == []
    assert "month of the test template is over" in obstacle(sending)
    with pytest.raises(NotAllowed, match="month of the test template is over"):
        jobs.confirm(checked, by=alice)


def test_only_one_of_the_two_ended_is_enough(alice, version):
    sending = make.job(by=alice, version=version)
    Signature.objects.filter(pk=version.template.signature_id).update(valid_until=timezone.now())
    assert dispatch.waiting_jobs() == []
    assert obstacle(sending)


def test_the_sweep_disables_what_is_over_and_nothing_else(alice, version):
    own = make.template(by=alice)
    younger = own.template.application
    trial_kit.add(younger, by=alice)
    assert trial_kit.disable_ended() == 0
    end(version)
    assert trial_kit.disable_ended() == 2
    version.refresh_from_db()
    assert version.review_state == ReviewState.DISABLED
    assert AuditEntry.objects.get(verb="templateversion.disabled", object_id=version.pk).by is None
    own.refresh_from_db()
    assert own.is_sendable and Signature.objects.approved().filter(application=younger).exists()
    assert trial_kit.disable_ended() == 0


def test_people_of_other_enterprises_do_not_see_it(app, version, sign_in):
    mallory = make.user(role=Role.OWNER)
    assert sign_in(mallory).get(f"/cn/templates/{version.template_id}/").status_code == 404
    assert trial_kit.SIGNATURE not in sign_in(mallory).get("/cn/signatures/").content.decode()
