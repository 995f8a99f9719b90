"""The pages on which a job is put together: every step with and without scripts, refusals, old tabs, duplicates."""

import io
import re
import uuid

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from accounts import applications
from accounts.models import ReviewState, Role
from accounts.models.application import Region
from sending import drafts
from sending.drafts import Step
from sending.models import JobDraft, JobStatus, RecipientList, SendJob, Source
from sending.models.background import MakingState
from templates_app.models import MessageType
from tests import make

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
UPLOAD = {"X-Requested-With": "upload"}


@pytest.fixture
def alice():
    return make.user(role=Role.OPERATOR, name="Alice", language="en")


@pytest.fixture
def sign(alice):
    return make.signature(by=alice, settled=True)


@pytest.fixture
def version(alice, sign):
    return make.template(by=alice, sign=sign)


@pytest.fixture
def plain(alice, sign):
    """Without variables."""
    return make.template(by=alice, sign=sign, text="您的积分今日到期。", variables=[])


@pytest.fixture
def signed_in(client, alice):
    client.force_login(alice)
    return client


def sheet(*rows, name="members 11.xlsx"):
    book, out = Workbook(), io.BytesIO()
    for row in rows or [["手机号", "姓名", "金额"], ["13800138000", "王女士", "12.50"]]:
        book.active.append(row)
    book.save(out)
    return SimpleUploadedFile(name, out.getvalue())


def full(by, version):
    """A draft that lacks nothing but its recipients."""
    made = drafts.start(by=by, token=uuid.uuid4(), name="March", template=version.template)
    return drafts.find(by).get(pk=made.pk)


def at(draft):
    return reverse("job-draft", args=[draft.pk])


def post(client, draft, step, *, go=True, headers=None, seen=None, **data):
    draft = JobDraft.objects.get(pk=draft.pk)
    data = {"step": step, "seen": drafts.basis(draft, Step(step)) if seen is None else seen, **data}
    return client.post(at(draft), data | ({"go": "on"} if go else {}), headers=headers or {})


def words(response):
    return re.sub(r"\s+", " ", response.content.decode())


def test_a_job_is_put_together_without_scripts(signed_in, alice, version, sign):
    page = signed_in.get(reverse("job-new"))
    token = re.search(r'name="token" value="([^"]+)"', words(page))
    assert token
    made = signed_in.post(reverse("job-new"), {"token": token[1], "name": "Members"})
    draft = JobDraft.objects.get()
    assert made.url == at(draft) and (draft.name, str(draft.token)) == ("Members", token[1])
    steps = [("application", version.template.application), ("signature", sign), ("template", version.template)]
    for step, thing in steps:
        page = words(signed_in.get(at(draft)))
        assert f'name="{step}"' in page and f'value="{thing.pk}"' in page and "Continue" in page
        assert post(signed_in, draft, step, **{step: thing.pk}).url == at(draft)
    page = words(signed_in.get(at(draft)))
    assert 'name="file"' in page and "What people will read" in page
    assert reverse("template-sample", args=[version.pk]) in page
    answer = post(signed_in, draft, "recipients", source="file", file=sheet())
    job = SendJob.objects.get()
    assert answer.url == reverse("job", args=[job.pk])
    assert (job.name, job.version, job.signature, job.created_by) == ("Members", version, sign, alice)
    assert job.files.get().file_name == "members 11.xlsx"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_step_has_its_page_and_its_part(signed_in, alice, version, language):
    alice.language = language
    alice.save()
    draft = full(alice, version)
    for step in Step:
        for headers in ({}, HTMX):
            answer = signed_in.get(at(draft), {"step": step}, headers=headers)
            page = answer.content.decode()
            assert answer.status_code == 200 and ("<html" in page) == (not headers)
            assert f'name="step" value="{step}"' in page and page.count('name="step"') == 1
            assert " style=" not in page and answer.headers["HX-Replace-Url"] == f"{at(draft)}?step={step}"


def test_a_step_that_cannot_be_made_yet_opens_the_first_that_is_missing(signed_in, alice):
    draft = drafts.start(by=alice, token=uuid.uuid4(), name="March")
    for step in ("recipients", "template", "signature", "nonsense", ""):
        assert 'name="step" value="application"' in words(signed_in.get(at(draft), {"step": step}))


def test_a_choice_is_stored_at_once_and_the_page_stays(signed_in, alice, version, sign):
    draft = drafts.start(by=alice, token=uuid.uuid4(), name="March")
    app = version.template.application
    answer = post(signed_in, draft, "application", go=False, application=app.pk, headers=HTMX)
    assert answer.url == f"{at(draft)}?step=application"
    draft.refresh_from_db()
    assert draft.application == app
    part = words(signed_in.get(answer.url, headers=HTMX))
    assert f'value="{app.pk}" required checked' in part


def test_earlier_steps_can_be_changed_and_what_no_longer_fits_is_cleared_and_said(signed_in, alice, version, sign):
    draft, other = full(alice, version), make.application(by=alice)
    assert "?step=application" in words(signed_in.get(at(draft)))
    assert post(signed_in, draft, "name", name="April").url == at(draft)
    page = words(signed_in.post(at(draft), {"step": "application", "application": other.pk, "go": "on"}, follow=True))
    assert "Taken out, because it no longer fits" in page and str(sign) in page and version.template.name in page
    draft.refresh_from_db()
    assert (draft.name, draft.application, draft.signature, draft.template) == ("April", other, None, None)


def test_what_does_not_fit_is_listed_with_the_reason_and_the_time(signed_in, alice, version, sign):
    waiting = make.template(by=alice, sign=sign, approved=None)
    codes = make.template(by=alice, app=sign.application, universal=True, type=MessageType.VERIFICATION)
    suspended = make.application(by=alice, name="suspended-app")
    applications.suspend(suspended, by=alice, reason="Key lost")
    numberless = make.signature(by=alice, app=sign.application, name="无号签名", number="")
    draft = full(alice, version)
    page = words(signed_in.get(at(draft), {"step": "template"}))
    assert f'id="template-{version.template_id}"' in page
    for other in (waiting, codes):
        assert f'id="template-{other.template_id}"' not in page and other.template.name in page
    assert "It awaits its review. Due by" in page and "Verification codes cannot be sent to groups." in page
    page = words(signed_in.get(at(draft), {"step": "application"}))
    assert f'id="application-{suspended.pk}"' not in page and "It is suspended. Reason: Key lost" in page
    page = words(signed_in.get(at(draft), {"step": "signature"}))
    assert f'id="signature-{numberless.pk}"' not in page and "has no channel number yet" in page


def test_a_template_shows_its_text_its_segments_and_its_sample(signed_in, alice, version, sign):
    version = make.template(by=alice, sign=sign, text="好" * 55 + "${1}", variables=[VARIABLE])
    page = words(signed_in.get(at(full(alice, version)), {"step": "template"}))
    assert "好" * 55 + '<span class="var-code">${1}</span>' in page
    assert "1 to 2 segments a message" in page and reverse("template-sample", args=[version.pk]) in page


VARIABLE = {"name": "1", "kind": "TEXT", "longest": 20, "meaning": "Name", "example": "Ana"}


def test_templates_are_found_by_name_or_text(signed_in, alice, version, plain, monkeypatch):
    monkeypatch.setattr("sending.views.drafts.FIND_FROM", 1)
    draft = full(alice, version)
    page = words(signed_in.get(at(draft), {"step": "template", "find": "今日到期"}))
    assert f'id="template-{plain.template_id}"' in page and f'id="template-{version.template_id}"' not in page
    page = words(signed_in.get(at(draft), {"step": "template", "find": "<b>nothing"}))
    assert "Nothing that can be sent has “&lt;b&gt;nothing” in its name or text." in page
    monkeypatch.setattr("sending.views.drafts.SHOWN", 1)
    assert "1 more fits" in words(signed_in.get(at(draft), {"step": "template"}))


def test_a_message_abroad_needs_no_signature(signed_in, alice):
    version = make.template(by=alice, region=Region.INTERNATIONAL, variables=[], text="Hello.")
    draft = full(alice, version)
    page = words(signed_in.get(at(draft)))
    assert "?step=signature" not in page and "?step=template" in page
    assert post(signed_in, draft, "signature", signature=1).url == at(draft)
    answer = post(signed_in, draft, "recipients", source="typed", numbers="+12025550123")
    assert answer.url == reverse("job", args=[SendJob.objects.get().pk])


def test_beginning_with_a_template_needs_no_choices(signed_in, alice, version):
    page = words(signed_in.get(reverse("job-new"), {"template": version.template_id}))
    assert f"Begins with the template {version.template.name}." in page
    data = {"token": uuid.uuid4(), "name": "Members", "template": version.template_id}
    page = words(signed_in.post(reverse("job-new"), data, follow=True))
    assert 'name="file"' in page
    for strange in ("nonsense", "9" * 30, make.template(by=make.user()).template_id):
        assert "Begins with" not in words(signed_in.get(reverse("job-new"), {"template": strange}))
        data |= {"token": uuid.uuid4(), "template": strange}
        assert 'name="application"' in words(signed_in.post(reverse("job-new"), data, follow=True))


@pytest.mark.parametrize(("name", "says"), [("", "Give the job a name."), ("x" * 61, "at most 60 fit")])
def test_a_name_is_asked_for_under_its_field(signed_in, alice, version, name, says):
    for address in (reverse("job-new"), at(full(alice, version))):
        answer = signed_in.post(address, {"step": "name", "name": name, "token": "no token"})
        assert answer.status_code == 422 and says in words(answer) and 'id="id_name-error"' in words(answer)
        assert f'value="{name}"' in words(answer) or not name
    assert JobDraft.objects.get().name == "March"


def test_what_was_not_chosen_or_cannot_be_is_said_under_the_choice(signed_in, alice, version, sign):
    waiting = make.template(by=alice, sign=sign, approved=None)
    theirs = make.template(by=make.user())
    draft = full(alice, version)
    for given, says in [
        ("", "Choose the template to send."),
        ("x", "no longer offered"),
        (theirs.template_id, "no longer offered"),
        (waiting.template_id, "It awaits its review."),
    ]:
        answer = post(signed_in, draft, "template", template=given)
        assert answer.status_code == 422 and says in words(answer) and 'id="id_template-error"' in words(answer)
    draft.refresh_from_db()
    assert draft.template == version.template


def test_without_anything_to_send_the_page_says_so(signed_in, alice):
    assert "No message can be sent yet" in words(signed_in.get(reverse("job-new")))
    make.application(by=alice)
    page = words(signed_in.get(reverse("job-new")))
    assert "No template can be sent yet." in page and 'name="name"' in page


# Recipients


@pytest.mark.parametrize(
    ("file", "says"),
    [
        (SimpleUploadedFile("list.pdf", b"%PDF"), "neither .xlsx nor .csv"),
        (SimpleUploadedFile("list.xlsx", b""), "The file is empty"),
        ("", "Choose a spreadsheet"),
    ],
)
def test_what_is_no_sheet_is_refused_before_it_is_stored(signed_in, alice, version, file, says):
    answer = post(signed_in, full(alice, version), "recipients", source="file", file=file, headers=UPLOAD)
    assert answer.status_code == 422 and says in words(answer) and 'id="id_file-error"' in words(answer)
    assert not SendJob.objects.exists()


def test_a_sheet_larger_than_the_limit_is_refused(signed_in, alice, version, settings):
    settings.UPLOAD_MAX_BYTES = 1024
    answer = post(signed_in, full(alice, version), "recipients", source="file", file=sheet())
    assert answer.status_code == 422 and "at most" in words(answer) and not SendJob.objects.exists()


def test_our_script_is_told_where_to_go(signed_in, alice, version):
    answer = post(signed_in, full(alice, version), "recipients", source="file", file=sheet(), headers=UPLOAD)
    assert answer.json()["location"] == reverse("job", args=[SendJob.objects.get().pk])


def test_numbers_are_typed_for_messages_without_variables_only(signed_in, alice, version, plain):
    draft = full(alice, version)
    page = words(signed_in.get(at(draft)))
    assert "This message has variables." in page and "<textarea" not in page
    answer = post(signed_in, draft, "recipients", source="typed", numbers="13800138000")
    assert answer.status_code == 422 and 'id="id_numbers-error"' in words(answer)
    draft = full(alice, plain)
    assert "<textarea" in words(signed_in.get(at(draft)))
    answer = post(signed_in, draft, "recipients", source="typed", numbers="13800138000\n13800138001，oops")
    job = SendJob.objects.get()
    assert answer.url == reverse("job", args=[job.pk])
    assert job.files.get().source == Source.TYPED
    with job.files.get().file.open() as stored:
        assert stored.read().decode().split() == ['"13800138000"', '"13800138001"', '"oops"']


@pytest.mark.parametrize(("numbers", "says"), [("  ,, ", "Type or paste at least one"), ("2\n" * 1001, "1,001")])
def test_numbers_that_are_too_few_or_too_many_are_kept_and_explained(signed_in, alice, plain, numbers, says):
    draft = full(alice, plain)
    answer = post(signed_in, draft, "recipients", source="typed", numbers=numbers)
    assert answer.status_code == 422 and says in words(answer) and 'id="id_numbers-error"' in words(answer)
    assert f"{numbers}</textarea>" in answer.content.decode()
    draft.refresh_from_db()
    assert (draft.numbers, draft.source) == (numbers.strip(), "typed"), "they can be gone on with tomorrow"


def test_more_text_than_a_thousand_numbers_is_not_stored(signed_in, alice, plain):
    draft = full(alice, plain)
    drafts.keep_recipients(draft, source="typed", numbers="13800138000", saved_list=None)
    answer = post(signed_in, draft, "recipients", source="typed", numbers="1" * 60_001)
    assert answer.status_code == 422 and "more than 1,000 numbers" in words(answer)
    draft.refresh_from_db()
    assert draft.numbers == "13800138000"


def test_recipients_are_kept_while_they_are_chosen(signed_in, alice, plain):
    draft = full(alice, plain)
    answer = post(signed_in, draft, "recipients", go=False, source="typed", numbers="13800138000", headers=HTMX)
    assert (answer.status_code, answer.content) == (204, b"")
    page = words(signed_in.get(at(draft)))
    assert "13800138000</textarea>" in page and 'value="typed" required checked' in page
    assert not SendJob.objects.exists()


def saved_list(by, **fields):
    job = SendJob.objects.first() or make.job(by=by, status=JobStatus.CHECKED)
    held = RecipientList(
        enterprise=make.home(by), columns=["手机号", "姓名"], rows=2, state=MakingState.READY, job=job, created_by=by,
        maker=uuid.uuid4(), **{"name": "Members", **fields},
    )  # fmt: skip
    held.file.save("x", ContentFile("手机号,姓名\n13800138000,王女士\n".encode()), save=True)
    return held


def test_a_saved_list_is_offered_with_what_it_holds_and_used(signed_in, alice, version):
    held, gone = saved_list(alice), saved_list(alice, name="Old ones", removed_at=timezone.now())
    other = saved_list(make.user(), name="Theirs")
    draft = full(alice, version)
    page = words(signed_in.get(at(draft)))
    assert "Members" in page and "手机号, 姓名" in page and "2 numbers" in page and "never used" in page
    assert "No column is found for its variable by itself" in page
    assert "Old ones" not in page and "Theirs" not in page
    for strange in (gone.pk, other.pk, "x"):
        answer = post(signed_in, draft, "recipients", source="list", saved_list=strange)
        assert answer.status_code == 422 and "no longer there" in words(answer)
    assert "Choose a list." in words(post(signed_in, draft, "recipients", source="list"))
    post(signed_in, draft, "recipients", source="list", saved_list=held.pk)
    job = SendJob.objects.latest("pk")
    assert job.token == draft.token and job.files.get().saved_list == held
    held.refresh_from_db()
    assert held.last_used_at


def test_what_was_chosen_before_and_cannot_be_sent_any_more_is_asked_anew(signed_in, alice, plain):
    draft = full(alice, plain)
    plain.move(ReviewState.DISABLED, by=alice)
    answer = post(signed_in, draft, "recipients", source="typed", numbers="13800138000")
    assert answer.url == at(draft) and not SendJob.objects.exists()
    page = words(signed_in.get(at(draft)))
    assert "What was chosen cannot be sent now." in page and "It is disabled." in page


# Several tabs, several people


def test_a_second_post_leads_to_the_same_job(signed_in, alice, version):
    draft = full(alice, version)
    first = post(signed_in, draft, "recipients", source="file", file=sheet())
    second = post(signed_in, draft, "recipients", source="file", file=sheet())
    third = post(signed_in, draft, "recipients", source="file", file=sheet(), headers=UPLOAD)
    back = signed_in.get(at(draft))
    assert first.url == second.url == back.url == third.json()["location"]
    assert first.url == reverse("job", args=[SendJob.objects.get().pk])
    assert "begun already" not in words(signed_in.get(first.url))


def test_an_old_tab_of_a_draft_that_somebody_has_made_a_job_is_told_so(signed_in, client, alice, version):
    draft = full(alice, version)
    post(signed_in, draft, "recipients", source="file", file=sheet())
    client.force_login(make.user(role=Role.OPERATOR, of=alice.enterprise, language="en"))
    answer = post(client, draft, "name", name="Mine")
    assert answer.url == reverse("job", args=[SendJob.objects.get().pk])
    assert "begun already, by Alice. Nothing was changed." in words(client.get(reverse("jobs")))
    assert SendJob.objects.get().name == "March"


def test_an_old_tab_of_a_draft_that_somebody_has_changed_is_told_so(signed_in, alice, version, plain):
    draft = full(alice, version)
    seen = drafts.basis(draft, Step.RECIPIENTS)
    post(signed_in, draft, "template", template=plain.template_id)
    for headers in ({}, UPLOAD):
        answer = post(signed_in, draft, "recipients", source="file", file=sheet(), seen=seen, headers=headers)
        assert (answer.json()["location"] if headers else answer.url) == at(draft)
        page = words(signed_in.get(at(draft)))
        assert "This job was changed meanwhile" in page and plain.template.name in page
    assert not SendJob.objects.exists()
    post(signed_in, draft, "recipients", source="typed", numbers="13800138000", seen=seen)
    draft.refresh_from_db()
    assert draft.numbers == "13800138000", "what was typed is kept"


def test_a_form_sent_again_from_the_first_page_leads_to_the_same_draft_or_job(signed_in, alice, version):
    data = {"token": uuid.uuid4(), "name": "March", "template": version.template_id}
    first = signed_in.post(reverse("job-new"), data)
    assert signed_in.post(reverse("job-new"), data).url == first.url
    post(signed_in, JobDraft.objects.get(), "recipients", source="file", file=sheet())
    page = signed_in.post(reverse("job-new"), data, follow=True)
    assert page.redirect_chain[-1][0] == reverse("job", args=[SendJob.objects.get().pk])


# The list of drafts, and duplicates


def test_drafts_stand_above_the_jobs_until_they_are_sent_or_deleted(signed_in, client, alice, version):
    done, begun = full(alice, version), drafts.start(by=alice, token=uuid.uuid4(), name="<April>")
    page = words(signed_in.get(reverse("jobs")))
    assert "Not finished" in page and "missing: Recipients" in page and "missing: Application" in page
    assert "&lt;April&gt;" in page and "begun by Alice" in page
    post(signed_in, done, "recipients", source="file", file=sheet())
    page = words(signed_in.get(reverse("jobs")))
    assert at(begun) in page and at(done) not in page
    client.force_login(make.user(role=Role.VIEWER, of=alice.enterprise, language="en"))
    assert "Not finished" not in words(client.get(reverse("jobs")))
    client.force_login(alice)
    assert signed_in.post(reverse("job-draft-delete", args=[begun.pk])).url == reverse("jobs")
    assert "Not finished" not in words(signed_in.get(reverse("jobs")))
    assert signed_in.get(at(begun)).status_code == 404
    signed_in.post(reverse("job-draft-delete", args=[done.pk]))
    assert JobDraft.objects.filter(pk=done.pk).exists(), "the job's pages lead from it"


def test_many_drafts_are_not_all_listed(signed_in, alice):
    for i in range(7):
        drafts.start(by=alice, token=uuid.uuid4(), name=f"Draft {i}")
    page = words(signed_in.get(reverse("jobs")))
    assert "2 more" in page and "Draft 6" in page and "Draft 1" not in page
    page = words(signed_in.get(reverse("jobs"), {"drafts": "all"}))
    assert "Draft 0" in page and 'href="?drafts=all"' not in page


def test_a_job_is_duplicated_as_a_draft(signed_in, alice, version):
    job = make.job(by=alice, version=version, name="Members", status=JobStatus.DONE)
    page = words(signed_in.post(reverse("job-duplicate", args=[job.pk]), follow=True))
    assert "Members 2" in page and 'name="file"' in page and "Left out" not in page
    version.move(ReviewState.DISABLED, by=alice)
    page = words(signed_in.post(reverse("job-duplicate", args=[job.pk]), follow=True))
    assert "Members 3" in page and 'name="step" value="template"' in page
    assert f"Template {version.template.name} – It is disabled." in page


def test_the_pages_cost_as_many_queries_for_20_as_for_2(signed_in, alice, sign, version):
    draft = full(alice, version)
    for _ in range(5):
        full(alice, version)  # more than are listed
    addresses = [reverse("jobs"), reverse("job-new"), *(f"{at(draft)}?step={step}" for step in Step)]

    def cost():
        found = []
        for address in addresses:
            signed_in.get(address)
            with CaptureQueriesContext(connection) as captured:
                assert signed_in.get(address).status_code == 200
            found.append(len(captured))
        return found

    def some():
        other = make.signature(by=alice, app=sign.application, name=f"清禾{JobDraft.objects.count()}", settled=True)
        make.template(by=alice, app=sign.application, universal=True)
        make.template(by=alice, sign=other)
        make.template(by=alice, sign=sign, approved=None)
        saved_list(alice, name=f"List {JobDraft.objects.count()}")
        full(alice, version)

    some()
    few = cost()
    for _ in range(3):
        some()
    assert cost() == few
