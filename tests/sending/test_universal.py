"""Universal templates: a job is made under a signature that the person chooses, of the same application and type."""

import io
import uuid

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import applications, reviewing
from accounts.models import ReviewState, Role
from accounts.models.application import Region
from console.lib.errors import NotAllowed
from sending import intake, jobs, previews
from sending.intake import upload
from sending.management.commands import jobs as command
from sending.models import JobStatus, Message, SendJob
from sending.views.new import offered
from templates_app.models import MessageTemplate, MessageType, Signature
from templates_app.models.signature import Dormancy, Registration
from templates_app.models.template import Brackets
from tests import make

pytestmark = pytest.mark.django_db
SHEET = "手机号,姓名,金额\n13800138000,王女士,12.50\n".encode()


@pytest.fixture
def alice():
    return make.user(role=Role.OWNER, name="Alice", language="en")


@pytest.fixture
def sign(alice):
    return make.signature(by=alice, name="清禾会员")


@pytest.fixture
def version(alice, sign):
    """A universal template of the application of `sign`, in square brackets."""
    return make.template(by=alice, app=sign.application, universal=True, brackets=Brackets.SQUARE)


def receive(version, by, **more):
    file = ContentFile(SHEET, name="people.csv")
    return upload.receive(
        enterprise=by.enterprise, by=by, token=uuid.uuid4(), name="March", version=version, file=file, **more
    )


def post(client, **data):
    file = ContentFile(SHEET, name="people.csv")
    return client.post(reverse("job-new"), {"token": uuid.uuid4(), "name": "March", "file": file} | data)


@pytest.mark.django_db(transaction=True)
def test_the_job_keeps_the_signature_and_everything_shows_it_in_the_templates_brackets(client, alice, version, sign):
    job = receive(version, alice, signature=sign)
    assert job.signature == sign and job.head == "[清禾会员]"
    intake.read(job.pk)
    job.refresh_from_db()
    assert job.status == JobStatus.CHECKED
    preview = previews.at(job)
    assert preview and preview.text.startswith("[清禾会员]尊敬的王女士")
    assert (preview.segments, preview.characters) == (Message.objects.of_job(job).get().segments, len(preview.text))
    assert job.summary["longest"]["characters"] == len(preview.text)
    client.force_login(alice)
    page = client.get(reverse("job", args=[job.pk])).content.decode()
    assert "[清禾会员]" in page and "【清禾会员】" not in page
    again = jobs.recheck(job, by=alice, token=uuid.uuid4(), columns={"number": "手机号"})
    assert again.signature == sign
    job = make.job(by=alice, version=version, sign=sign)
    assert "[清禾会员]" in client.get(reverse("job", args=[job.pk])).content.decode()


def test_every_signature_that_does_not_fit_is_refused_with_the_reason(alice, version, sign):
    with pytest.raises(NotAllowed, match="Choose the signature to send under"):
        receive(version, alice)
    other_type = make.signature(by=alice, app=sign.application, name="清禾推广", type=MessageType.PROMOTION)
    elsewhere = make.signature(by=alice, name="别的应用")
    for stranger in (other_type, elsewhere, make.signature(by=make.user())):
        with pytest.raises(NotAllowed, match="not one of yours"):
            receive(version, alice, signature=stranger)
    numberless = make.signature(by=alice, app=sign.application, name="无号签名", number="")
    with pytest.raises(NotAllowed, match="no channel number yet"):
        receive(version, alice, signature=numberless)
    Signature.objects.filter(pk=numberless.pk).update(dormancy=Dormancy.DORMANT)
    with pytest.raises(NotAllowed, match="sleeps"):
        receive(version, alice, signature=Signature.objects.get(pk=numberless.pk))
    bound = make.template(by=alice, sign=sign)
    with pytest.raises(NotAllowed, match="its own signature"):
        receive(bound, alice, signature=elsewhere)
    assert receive(bound, alice, signature=sign).signature == sign
    reviewing.remove(sign, by=alice)
    with pytest.raises(NotAllowed, match="was deleted"):
        receive(version, alice, signature=sign)
    assert not MessageTemplate.objects.sendable().exists()


def test_an_international_message_has_no_signature(alice):
    version = make.template(by=alice, region=Region.INTERNATIONAL)
    assert receive(version, alice).signature is None


def test_the_form_without_scripts(client, alice, version, sign):
    """One list of all that fit any universal template; what does not fit the chosen one is said at the field."""
    other = make.signature(by=alice, name="别的应用")
    make.template(by=alice, app=other.application, universal=True)
    bound = make.template(by=alice, sign=sign)
    client.force_login(alice)
    text = client.get(reverse("job-new")).content.decode()
    assert f'value="{sign.pk}"' in text and f'value="{other.pk}"' in text and text.count("<optgroup") == 2
    refused = post(client, template=version.template_id)
    assert refused.status_code == 422 and "This template is universal" in refused.content.decode()
    refused = post(client, template=version.template_id, signature=other.pk)
    assert refused.status_code == 422 and 'id="id_signature-error"' in refused.content.decode()
    strange = make.signature(by=make.user()).pk
    assert post(client, template=version.template_id, signature=strange).status_code == 422
    assert not SendJob.objects.exists()
    assert post(client, template=version.template_id, signature=sign.pk).status_code == 302
    assert SendJob.objects.get().signature == sign
    # For a template that has its own, the list does not count.
    assert post(client, template=bound.template_id, signature=strange).status_code == 302
    assert SendJob.objects.latest("pk").signature == sign


def test_with_scripts_the_list_follows_the_template(client, alice, version, sign):
    other = make.signature(by=alice, name="别的应用")
    make.template(by=alice, app=other.application, universal=True)
    bound = make.template(by=alice, sign=sign)
    client.force_login(alice)
    asked = {"headers": {"HX-Request": "true"}}
    part = client.get(reverse("job-new"), {"template": version.template_id}, **asked).content.decode()
    assert "<html" not in part and f'value="{sign.pk}"' in part and f'value="{other.pk}"' not in part
    assert "selected" in part, "there is only one"
    for template in (bound.template_id, "", "x"):
        part = client.get(reverse("job-new"), {"template": template}, **asked).content.decode()
        assert 'id="signature" hidden' in part and "<select" not in part


def why(client, alice, template):
    request = type("Request", (), {"user": alice})()
    barred = {entry.template: entry for entry in offered(request)[1]}
    assert template in barred
    client.force_login(alice)
    page = client.get(reverse("job-new")).content.decode()
    assert str(barred[template].why) in page
    return barred[template]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"registration": Registration.NONE}, "has no channel number yet"),
        ({"registration": Registration.REGISTERING}, "being registered"),
        ({"registration": Registration.FAILED, "registration_words": "Expired."}, "Reason: Expired."),
        ({"dormancy": Dormancy.DORMANT}, "Activate it"),
        ({"review_state": ReviewState.DISABLED}, "is disabled"),
        ({"removed_at": timezone.now()}, "was deleted"),
    ],
)
def test_a_template_whose_signature_cannot_be_used_says_why(client, alice, sign, fields, words):
    version = make.template(by=alice, sign=sign)
    Signature.objects.filter(pk=sign.pk).update(**fields)
    assert words in str(why(client, alice, version.template).why)


def test_each_template_that_is_not_offered_says_why(client, alice, sign):
    reviewer = make.reviewer()

    def reason(version):
        return str(why(client, alice, version.template).why)

    waiting = make.template(by=alice, approved=None)
    assert "review" in reason(waiting) and why(client, alice, waiting.template).due == waiting.due_at
    assert "Due by" in client.get(reverse("job-new")).content.decode()
    waiting.move(ReviewState.RETURNED, by=reviewer, reason="For whom?")
    assert "asked a question" in reason(waiting)
    assert "rejected" in reason(make.template(by=alice, approved=False))
    held = make.template(by=alice, sign=make.signature(by=alice, name="待审签名", approved=None), approved=None)
    assert held.review_state == ReviewState.IN_REVIEW
    gone = make.template(by=alice)
    gone.move(ReviewState.DISABLED, by=alice)
    assert "disabled" in reason(gone)
    taken = make.template(by=alice)
    taken.move(ReviewState.INACTIVE, by=make.administrator(), reason="Rule", reason_zh="规则")
    assert "deactivated" in reason(taken)
    assert "groups" in reason(make.template(by=alice, type=MessageType.VERIFICATION))
    lonely = make.template(by=alice, universal=True)
    assert "no signature of its application and type" in reason(lonely)
    suspended = make.template(by=alice)
    applications.suspend(suspended.template.application, by=alice, reason="Key lost")
    assert "suspended" in reason(suspended)


def test_the_page_costs_as_many_queries_for_20_as_for_2(client, alice):
    def ask():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("job-new")).status_code == 200
        return len(captured)

    def some():
        sign = make.signature(by=alice, name=f"清禾{Signature.objects.count()}")
        make.template(by=alice, app=sign.application, universal=True)
        make.template(by=alice, sign=sign)
        make.template(by=alice, approved=None)
        make.template(by=alice, sign=make.signature(by=alice, name=f"无号{Signature.objects.count()}", number=""))

    client.force_login(alice)
    some()
    ask()
    few = ask()
    for _ in range(4):
        some()
    assert ask() == few


@pytest.mark.django_db(transaction=True)
def test_the_command_takes_a_signature(alice, version, sign, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "PATIENCE_SECONDS", 0.05)
    path = tmp_path / "people.csv"
    path.write_bytes(SHEET)
    where = ["--enterprise", alice.enterprise.name, "--template", version.template.name, "--file", str(path)]
    out = io.StringIO()
    with pytest.raises(CommandError, match="--signature"):
        call_command("jobs", "create", *where, stdout=out)
    with pytest.raises(CommandError, match="There is no signature"):
        call_command("jobs", "create", *where, "--signature", "没有的", stdout=out)
    call_command("jobs", "create", *where, "--signature", sign.name, stdout=out)
    assert SendJob.objects.get().signature == sign
