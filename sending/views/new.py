"""Starting a job: an approved message, on the mainland under a signature, a spreadsheet, a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts import modes
from accounts.models import ReviewState
from accounts.models.application import ApplicationState
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from sending.forms import NewJobForm
from sending.intake import upload
from sending.models import SendJob
from sending.sendable import signature_fault
from templates_app.models import MessageTemplate, MessageType, TemplateVersion


@dataclass(frozen=True, slots=True)
class Choice:
    """A template that can be sent; `head` is its signature in brackets, empty where one is chosen or none is needed."""

    template: MessageTemplate
    version: TemplateVersion
    head: str


@dataclass(frozen=True, slots=True)
class Barred:
    """A template that cannot be sent to a group now, why, and by when that is decided."""

    template: MessageTemplate
    why: Promise | str
    due: datetime | None = None


@policy("jobs.send")
@require_http_methods(["GET", "HEAD", "POST"])
def job_new(request: PersonRequest) -> HttpResponse:
    """htmx asks for the part "signature", when another template was chosen."""
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
        "signatures": form.signatures_for([c.template for c in choices], exact=bool(request.headers.get("HX-Request"))),
        "rows_most": settings.UPLOAD_MAX_ROWS,
        "megabytes": settings.UPLOAD_MAX_BYTES // 2**20,
    }
    return page(request, "sending/job_new.html", context, part="signature", status=422 if posted else 200)


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
        signature=data["signature"],
        file=data["file"],
    )


def _go(request: PersonRequest, address: str) -> HttpResponse:
    """Where the upload was sent by our script, it follows the address itself: a redirect would load the page twice."""
    if request.headers.get("X-Requested-With") == "upload":
        return JsonResponse({"location": address})
    return redirect(address)


def offered(request: PersonRequest) -> tuple[list[Choice], list[Barred]]:
    """The templates of the person's enterprise: those that can be sent, by type, and the others with the reason."""
    mine = MessageTemplate.objects.visible_to(request.user)
    sendable = set(mine.sendable().values_list("pk", flat=True))
    related = mine.with_latest().select_related("signature", "application__enterprise").order_by("type", "name")
    versions = _versions(related)
    choices, barred = [], []
    for template in related:
        version = versions.get(template.pk)
        if version is None:  # its only draft was deleted in this moment
            continue
        why = _why_closed(template) or _why_unapproved(version)
        if not why and template.pk not in sendable:
            why = _why_unsigned(template)
        if why:
            barred.append(Barred(template, why, version.due_at if version.is_pending else None))
        else:
            head = version.head(template.signature.name) if template.signature else ""
            choices.append(Choice(template, version, head))
    return choices, barred


def _versions(templates: QuerySet[Any]) -> dict[int, TemplateVersion]:
    """By template: the version that would be sent, and where none is approved the newest; a fixed number of queries."""
    newest = templates.values("latest_id")
    found = {version.template_id: version for version in TemplateVersion.objects.filter(pk__in=newest)}
    approved = TemplateVersion.objects.filter(template__in=templates.values("pk")).approved()
    found |= {version.template_id: version for version in approved.order_by("number")}
    for template in templates:
        if template.pk in found:
            found[template.pk].template = template
    return found


def _why_closed(template: MessageTemplate) -> Promise | str:
    """What no approval would change."""
    application = template.application
    if not modes.covers(application.enterprise, application.region):
        return _("Your service mode covers international messages only.")
    if template.type == MessageType.VERIFICATION:
        return _("Verification codes cannot be sent to groups.")
    if application.is_suspended:
        return _("Its application is suspended.")
    if application.state != ApplicationState.LAUNCHED:
        return _("Its application is not launched yet.")
    return ""


def _why_unapproved(version: TemplateVersion) -> Promise | str:
    if version.is_sendable:
        return ""
    if version.has_ended:
        return _("The month of the test template is over.")
    return _NOT_APPROVED.get(ReviewState(version.review_state), _("Has no approved version."))


_NOT_APPROVED = {
    ReviewState.DRAFT: _("Is a draft. Submit it for review."),
    ReviewState.WAITING: _("Waits for its signature to be approved."),
    ReviewState.IN_REVIEW: _("Waits for its review."),
    ReviewState.RETURNED: _("The reviewers have asked a question. Answer it on its page."),
    ReviewState.REJECTED: _("Was rejected."),
    ReviewState.WITHDRAWN: _("Was withdrawn. Submit it again."),
    ReviewState.DISABLED: _("Is disabled."),
    ReviewState.INACTIVE: _("The platform has deactivated it, for good."),
}


def _why_unsigned(template: MessageTemplate) -> Promise | str:
    if template.universal:
        return _("Is universal, and no signature of its application and type can be sent under yet.")
    signature = template.signature
    if signature is not None and signature.removed_at is not None:
        return _("Its signature was deleted.")
    return (signature and signature_fault(signature)) or _("Its signature is not approved.")
