"""The page of a job that is being put together: one step open, the others told in a line; each step is a POST.

With htmx a chosen thing is stored at once and "Continue" changes the page in place; without it everything is posted by
"Continue". Both are answered by a redirect to the page as it is then, or by the page with what was wrong (422).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import replace_url

from accounts.permissions import PersonRequest, may, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from sending import drafts, offers
from sending.drafts import Progress, Step
from sending.forms import ChoiceForm, NameForm, RecipientsForm
from sending.intake.sources import TYPED_MAX
from sending.models import JobDraft, SendJob

SHOWN = 50  # of what can be chosen; more are found by name or text
BARRED_SHOWN = 100
FIND_FROM = 8
LISTED = 5
ALL_LISTED = 200


@dataclass(frozen=True, slots=True)
class Row:
    """A step that is not open; `state`: done, fault or later."""

    step: Step
    state: str
    why: str

    @classmethod
    def of(cls, step: Step, now: Progress) -> Row:
        if why := now.faults.get(step, ""):
            return cls(step, "fault" if now.may_open(step) else "later", why)
        return cls(step, "done" if now.has(step) else "later", "")


def find(request: PersonRequest, pk: int) -> JobDraft:
    return get_object_or_404(drafts.find(request.user), pk=pk)


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_draft(request: PersonRequest, pk: int) -> HttpResponse:
    """`?step=` opens one that can be opened, else the first that is missing is open."""
    draft = find(request, pk)
    if job := drafts.job_of(draft):
        return _to_job(request, job)
    if request.method != "POST":
        return answer(request, draft, step=request.GET.get("step"))
    try:
        return _take(request, draft, request.POST.get("step", ""))
    except drafts.Changed as problem:
        messages.error(request, str(problem))
        return _go(request, reverse("job-draft", args=[pk]))


@policy("jobs.send")
@require_POST
def job_draft_delete(request: PersonRequest, pk: int) -> HttpResponse:
    try:
        drafts.remove(find(request, pk))
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("jobs")


def _to_job(request: PersonRequest, job: SendJob) -> HttpResponse:
    """The draft is a job. Whoever was not about to make it is told why their page is another now."""
    if job.created_by != request.user or request.method == "POST" and request.POST.get("step") != Step.RECIPIENTS:
        words = _("This job was begun already, by %(who)s. Nothing was changed.") % {"who": job.created_by}
        messages.warning(request, words)
    return _go(request, reverse("job", args=[job.pk]))


def _go(request: PersonRequest, address: str) -> HttpResponse:
    """Where the upload was sent by our script, it follows the address itself: a redirect would load the page twice."""
    if request.headers.get("X-Requested-With") == "upload":
        return JsonResponse({"location": address})
    return redirect(address)


def _take(request: PersonRequest, draft: JobDraft, step: str) -> HttpResponse:
    """What was posted for `step`. Raises Changed."""
    if not drafts.progress(draft).may_open(step):
        raise drafts.Changed
    form = _form(request, draft, Step(step), posted=True)
    complete = form.is_valid()
    if isinstance(form, RecipientsForm):
        drafts.keep_recipients(draft, **form.kept)
        if "go" not in request.POST:
            return HttpResponse(status=204)
    if complete:
        try:
            return _DEEDS[Step(step)](request, draft, form)
        except drafts.Changed:
            raise
        except NotAllowed as problem:
            form.add_error(step if step in form.fields else None, str(problem))
    return answer(request, draft, step=step, form=form, status=422)


def _form(request: PersonRequest, draft: JobDraft, step: Step, *, posted: bool = False) -> Any:
    data = (request.POST, request.FILES) if posted else (None, None)
    if step == Step.NAME:
        return NameForm(*data, by=request.user, initial={"name": draft.name})
    if step == Step.RECIPIENTS:
        return RecipientsForm(*data, draft=draft, by=request.user)
    return ChoiceForm(*data, step=step, draft=draft, by=request.user)


def _rename(request: PersonRequest, draft: JobDraft, form: NameForm) -> HttpResponse:
    drafts.rename(draft, form.cleaned_data["name"])
    return redirect("job-draft", draft.pk)


def _choose(request: PersonRequest, draft: JobDraft, form: ChoiceForm) -> HttpResponse:
    cleared = drafts.choose(draft, form.step, form.chosen, seen=request.POST.get("seen", ""))
    if cleared:
        words = _("Taken out, because it no longer fits: %(what)s.") % {"what": ", ".join(cleared)}
        messages.warning(request, words)
    address = reverse("job-draft", args=[draft.pk])
    return redirect(address if "go" in request.POST else f"{address}?step={form.step}")


def _begin(request: PersonRequest, draft: JobDraft, form: RecipientsForm) -> HttpResponse:
    message = drafts.progress(draft).message
    assert message is not None  # else the step could not be opened
    try:
        recipients = form.recipients(message.version)
    except NotAllowed as problem:
        form.add_error(form.field_of_source, str(problem))
        return answer(request, draft, step=Step.RECIPIENTS, form=form, status=422)
    with recipients.file:
        seen = request.POST.get("seen", "")
        job = drafts.begin(draft, by=request.user, recipients=recipients, seen=seen)
    return _go(request, reverse("job", args=[job.pk]))


_DEEDS: dict[Step, Any] = {
    Step.NAME: _rename,
    Step.APPLICATION: _choose,
    Step.SIGNATURE: _choose,
    Step.TEMPLATE: _choose,
    Step.RECIPIENTS: _begin,
}


def answer(
    request: PersonRequest, draft: JobDraft, *, step: str | None = None, form: Form | None = None, status: int = 200
) -> HttpResponse:
    """The page with `step` open, or the first one that is missing; `form` where it was just refused."""
    now = drafts.progress(draft)
    opened = Step(step) if step and now.may_open(step) else now.missing
    message_steps = [each for each in now.steps if each != Step.RECIPIENTS]
    place = message_steps.index(opened) if opened in message_steps else len(message_steps)
    context = {
        "draft": draft,
        "now": now,
        "open": opened,
        "before": [Row.of(each, now) for each in message_steps[:place]],
        "after": [Row.of(each, now) for each in message_steps[place + 1 :]],
        "message": None if Step.TEMPLATE in now.faults else now.message,
        "fault": now.faults.get(opened, ""),
        "form": form or _form(request, draft, opened),
        "seen": drafts.basis(draft, opened),
        "days": drafts.UNUSED.days,
        **_offered(request, draft, opened),
    }
    if opened == Step.RECIPIENTS and now.message:
        context |= _sources(request, now.message)
    response = page(request, "sending/draft.html", context, part="draft", status=status)
    # The address of a part is that of the page it belongs to, so that it can be loaded again.
    return replace_url(response, request.get_full_path()) if request.method == "GET" else response


def _offered(request: PersonRequest, draft: JobDraft, opened: Step) -> dict[str, Any]:
    """What the open step lets one choose from."""
    words = request.GET.get("find", "").strip()[:60]
    found = offers.Offers()
    if opened in (Step.NAME, Step.APPLICATION):
        found = offers.applications(request.user)
    elif opened == Step.SIGNATURE and draft.application:
        found = offers.signatures(request.user, draft.application)
    elif opened == Step.TEMPLATE and draft.application:
        found = offers.templates(request.user, draft.application, draft.signature, find=words)
    return {
        "find": words,
        "fitting": found.fitting[:SHOWN],
        "more": max(0, len(found.fitting) - SHOWN),
        "barred": found.barred[:BARRED_SHOWN],
        "barred_more": max(0, len(found.barred) - BARRED_SHOWN),
        "can_find": bool(words) or len(found.fitting) > FIND_FROM,
        "any_ready": opened == Step.NAME and any(ready.templates for ready in found.fitting),
    }


def _sources(request: PersonRequest, message: offers.Message) -> dict[str, Any]:
    """What the recipients may come from."""
    return {
        "lists": offers.lists(request.user, message.version),
        "variables": message.version.typed_variables,
        "rows_most": settings.UPLOAD_MAX_ROWS,
        "megabytes": settings.UPLOAD_MAX_BYTES // 2**20,
        "typed_most": TYPED_MAX,
    }


@dataclass(frozen=True, slots=True)
class Entry:
    """A draft in the list, and the step that is still to be made."""

    draft: JobDraft
    missing: Step


def panel(request: PersonRequest) -> dict[str, Any]:
    """For the list of jobs: what was begun and is no job yet; more of it with `?drafts=all`."""
    if not may(request.user, "jobs.send"):
        return {"drafts": [], "drafts_more": 0}
    most = ALL_LISTED if request.GET.get("drafts") == "all" else LISTED
    found = drafts.unfinished(request.user)
    shown = [Entry(draft, drafts.missing(draft)) for draft in found[:most]]
    return {"drafts": shown, "drafts_more": found.count() - len(shown) if len(shown) == most else 0}
