"""Qualifications of an enterprise: the list, each by itself, and what is done with them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import ReviewState
from accounts.models.document import DocumentPurpose
from accounts.models.review import PENDING
from accounts.permissions import PersonRequest, may, policy
from accounts.views.enterprise import own
from console.lib.errors import NotAllowed
from console.lib.pages import page
from console.lists import keyset
from templates_app import qualifications as deeds
from templates_app import reviews
from templates_app.forms.qualification import QualificationFilter
from templates_app.models import Qualification
from templates_app.views.asked import asked

KEY_MAX = 18  # digits
SIGNATURES_SHOWN = 50
KEPT = PENDING | {ReviewState.APPROVED}


@policy("qualifications.view")
@require_safe
def qualifications(request: PersonRequest) -> HttpResponse:
    query = asked(request)
    form = QualificationFilter(query)
    found = form.narrowed(Qualification.objects.visible_to(request.user))
    rows, older = keyset(found, query, {"created": "pk"}, "-created")
    context = {
        "form": form,
        "rows": rows,
        "older": older,
        "filtered": _("Ask for less, or clear the filter.") if form.changed_data else "",
        "kept": KEPT,
        "most": deeds.DELETE_MOST,
        "may_edit": may(request.user, "qualifications.edit"),
        "some_may_go": any(row.review_state not in KEPT for row in rows),  # type: ignore[attr-defined]
    }
    return page(request, "templates_app/qualifications.html", context)


@policy("qualifications.view")
@require_safe
def qualification(request: PersonRequest, pk: int) -> HttpResponse:
    papers = [f"{name}__uploaded_by" for name in Qualification.DOCUMENTS]
    rows = Qualification.objects.visible_to(request.user).select_related("enterprise", "submitted_by", *papers)
    shown = get_object_or_404(rows, pk=pk)
    sees_identity = may(request.user, "qualifications.identity")
    context = {
        "qualification": shown,
        "papers": [
            (label, document)
            for label, document in shown.documents
            if sees_identity or document.purpose != DocumentPurpose.IDENTITY
        ],
        "sees_identity": sees_identity,
        "full_numbers": may(request.user, "numbers.full"),
        "signatures": shown.signatures.visible_to(request.user).order_by("-pk")[:SIGNATURES_SHOWN],
        "history": reviews.history(shown, for_staff=False),
        "may_edit": may(request.user, "qualifications.edit"),
        "may_go": shown.review_state not in KEPT,
        "again": shown.review_state in deeds.AGAIN,
    }
    return page(request, "templates_app/qualification.html", context)


@policy("qualifications.edit")
@require_POST
def qualification_withdraw(request: PersonRequest, pk: int) -> HttpResponse:
    try:
        deeds.withdraw(_mine(request, pk), by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("qualification", pk=pk)


@policy("qualifications.edit")
@require_POST
def qualification_delete(request: PersonRequest, pk: int) -> HttpResponse:
    found = _mine(request, pk)
    try:
        deeds.remove(found, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
        return redirect("qualification", pk=pk)
    messages.success(request, _("“%(name)s” was deleted.") % {"name": found})
    return redirect("qualifications")


@policy("qualifications.edit")
@require_POST
def qualification_delete_many(request: PersonRequest) -> HttpResponse:
    chosen = {key for key in request.POST.getlist("pk") if key.isdecimal() and len(key) <= KEY_MAX}
    if not chosen:
        messages.error(request, _("Nothing was chosen. Tick the qualifications to delete, then choose Delete."))
    elif len(chosen) > deeds.DELETE_MOST:
        messages.error(request, deeds.too_many())
    else:
        found = list(Qualification.objects.visible_to(request.user).filter(pk__in=chosen).order_by("-pk"))
        _tell(request, deeds.remove_many(found, by=request.user), gone=len(chosen) - len(found))
    return redirect("qualifications")


def _tell(request: PersonRequest, result: deeds.Removal, *, gone: int) -> None:
    if result.deleted:
        words = ngettext("%(n)s qualification was deleted.", "%(n)s qualifications were deleted.", result.deleted)
        messages.success(request, words % {"n": result.deleted})
    for why, items in result.refused.items():
        names = _(", ").join(str(item) for item in items)
        messages.error(request, _("Not deleted: %(names)s. %(why)s") % {"names": names, "why": why})
    if gone:
        words = ngettext(
            "%(n)s was not there any more; somebody has deleted it meanwhile.",
            "%(n)s were not there any more; somebody has deleted them meanwhile.",
            gone,
        )
        messages.info(request, words % {"n": gone})


@policy("qualifications.view")
@require_safe
def qualification_letter(request: PersonRequest) -> HttpResponse:
    """The letter of attorney to print, fill in and seal; in both languages whatever the reader's."""
    enterprise = own(request)
    return page(request, "templates_app/qualification_letter.html", {"enterprise": enterprise})


def _mine(request: PersonRequest, pk: int) -> Any:
    return get_object_or_404(Qualification.objects.visible_to(request.user), pk=pk)
