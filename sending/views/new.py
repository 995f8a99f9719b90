"""Starting a job: an approved message, a spreadsheet, a name."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts import modes
from accounts.models import ReviewState
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from sending.forms import NewJobForm
from sending.intake import upload
from sending.models import SendJob
from templates_app.models import MessageTemplate, MessageType, TemplateVersion


@dataclass(frozen=True, slots=True)
class Choice:
    template: MessageTemplate
    version: TemplateVersion


@dataclass(frozen=True, slots=True)
class Barred:
    """A template that cannot be sent to a group now, and why."""

    template: MessageTemplate
    why: Promise


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_new(request: PersonRequest) -> HttpResponse:
    posted = request.method == "POST"
    form = NewJobForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        by=request.user,
        initial={"token": NewJobForm.fresh_token(), "template": request.GET.get("template")},
    )
    if posted and form.is_valid():
        try:
            job = _receive(request, form)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return _go(request, reverse("job", args=[job.pk]))
    choices, barred = offered(request)
    context = {
        "form": form,
        "choices": choices,
        "barred": barred,
        "rows_most": settings.UPLOAD_MAX_ROWS,
        "megabytes": settings.UPLOAD_MAX_BYTES // 2**20,
    }
    return page(request, "sending/job_new.html", context, part="form", status=422 if posted else 200)


def _receive(request: PersonRequest, form: NewJobForm) -> SendJob:
    data = form.cleaned_data
    version = data["template"].approved_version
    if version is None:  # its approval was taken back a moment ago
        raise NotAllowed(_("This template can no longer be sent. Choose another one."))
    assert request.user.enterprise is not None
    return upload.receive(
        enterprise=request.user.enterprise,
        by=request.user,
        token=data["token"],
        name=data["name"],
        version=version,
        file=data["file"],
    )


def _go(request: PersonRequest, address: str) -> HttpResponse:
    """Where the upload was sent by our script, it follows the address itself: a redirect would load the page twice."""
    if request.headers.get("X-Requested-With") == "upload":
        return JsonResponse({"location": address})
    return redirect(address)


def offered(request: PersonRequest) -> tuple[list[Choice], list[Barred]]:
    """The templates of the person's enterprise: those that can be sent, by type, and the others with the reason."""
    all_of_them = (
        MessageTemplate.objects.visible_to(request.user)
        .with_latest()
        .select_related("signature", "application__enterprise")
    )
    sendable = set(MessageTemplate.objects.visible_to(request.user).sendable().values_list("pk", flat=True))
    approved: dict[int, TemplateVersion] = {}
    for version in TemplateVersion.objects.filter(template__in=sendable).approved().order_by("number"):
        approved[version.template_id] = version
    choices, barred = [], []
    for template in all_of_them.order_by("type", "name"):
        if template.pk in approved and modes.covers(template.application.enterprise, template.application.region):
            choices.append(Choice(template, approved[template.pk]))
        else:
            barred.append(Barred(template, _why_barred(template)))
    return choices, barred


def _why_barred(template: MessageTemplate) -> Promise:
    if not modes.covers(template.application.enterprise, template.application.region):
        return _("Your service mode covers international messages only.")
    if template.type == MessageType.VERIFICATION:
        return _("Verification codes cannot be sent to groups.")
    state = getattr(template, "latest_state", None)
    if state == ReviewState.IN_REVIEW:
        return _("Waits for its review.")
    if state == ReviewState.REJECTED:
        return _("Was rejected.")
    if state == ReviewState.DRAFT:
        return _("Is a draft. Submit it for review.")
    if state == ReviewState.APPROVED:
        return _("Its signature is not approved.")
    return _("Has no approved version.")
