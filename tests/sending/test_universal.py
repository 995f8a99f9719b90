"""Universal templates: a job is made under a signature that the person chooses, of the same application and type."""

import io
import uuid

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from accounts import reviewing
from accounts.models import ReviewState, Role
from accounts.models.application import Region
from console.lib.errors import NotAllowed
from sending import intake, offers, previews
from sending.intake import upload
from sending.management.commands import jobs as command
from sending.models import JobStatus, Message, SendJob
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
    recipients = upload.Recipients(ContentFile(SHEET, name="people.csv"))
    return upload.receive(
        enterprise=by.enterprise,
        by=by,
        token=uuid.uuid4(),
        name="March",
        version=version,
        recipients=recipients,
        **more,
    )


@pytest.mark.django_db(transaction=True)
def test_the_job_keeps_the_signature_and_everything_shows_it_in_the_templates_brackets(client, alice, version, sign):
    job = receive(version, alice, signature=sign)
    assert job.signature == sign and job.head == "[清禾会员]"
    intake.read(job.files.get().pk)
    job.refresh_from_db()
    assert job.status == JobStatus.CHECKED
    preview = previews.at(job)
    assert preview and preview.text.startswith("[清禾会员]尊敬的王女士")
    assert (preview.segments, preview.characters) == (Message.objects.of_job(job).get().segments, len(preview.text))
    assert job.files.get().summary["longest"]["characters"] == len(preview.text)
    client.force_login(alice)
    page = client.get(reverse("job", args=[job.pk])).content.decode()
    assert "[清禾会员]" in page and "【清禾会员】" not in page
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


def why(alice, template, sign):
    """Why it is not offered under `sign`."""
    barred = {entry.thing: entry for entry in offers.templates(alice, template.application, sign).barred}
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
def test_a_template_whose_signature_cannot_be_used_says_why(alice, sign, fields, words):
    version = make.template(by=alice, sign=sign)
    other = make.signature(by=alice, app=sign.application, name="清禾鲜送", settled=True)
    Signature.objects.filter(pk=sign.pk).update(**fields)
    assert words in why(alice, version.template, other).why


def test_each_template_that_is_not_offered_says_why(alice, sign):
    def reason(**template):
        return why(alice, make.template(by=alice, **template).template, sign).why

    waiting = make.template(by=alice, sign=sign, approved=None)
    assert "review" in why(alice, waiting.template, sign).why
    assert why(alice, waiting.template, sign).due == waiting.due_at
    waiting.move(ReviewState.RETURNED, by=make.reviewer(), reason="For whom?")
    assert "asked a question" in why(alice, waiting.template, sign).why
    assert "rejected" in reason(sign=sign, approved=False)
    gone, taken = make.template(by=alice, sign=sign), make.template(by=alice, sign=sign)
    gone.move(ReviewState.DISABLED, by=alice)
    assert "disabled" in why(alice, gone.template, sign).why
    taken.move(ReviewState.INACTIVE, by=make.administrator(), reason="Rule", reason_zh="规则")
    assert "deactivated" in why(alice, taken.template, sign).why
    app = sign.application
    assert "groups" in reason(app=app, universal=True, type=MessageType.VERIFICATION)
    assert "another type" in reason(app=app, universal=True, type=MessageType.PROMOTION)


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
