"""The administrators' page about one enterprise: who it is, its people and programs, what it sends, what happened."""

from __future__ import annotations

from datetime import timedelta
from statistics import chart
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import audit_rows
from accounts.forms.administration import ReasonForm
from accounts.identity import second_factor
from accounts.models import AuditEntry, Enterprise, ReviewState, User, Verification
from accounts.models.enterprise import EnterpriseState
from accounts.permissions import PersonRequest, may, policy
from console.lib.pages import page
from sending import counts as counting
from sending.models import SendJob
from sending.states import HANDED_OVER, JobStatus
from sending.states import MessageState as S
from sending.views import figures
from templates_app import reviews

DAYS = 14
SHOWN = 10
HISTORY = 20


@policy("enterprises.view")
@require_safe
def enterprise_record(request: PersonRequest, pk: int) -> HttpResponse:
    enterprise = get_object_or_404(Enterprise.objects.customers(), pk=pk)
    context: dict[str, Any] = {
        "enterprise": enterprise,
        "is_active": enterprise.state == EnterpriseState.ACTIVE,
        "is_suspended": enterprise.state == EnterpriseState.SUSPENDED,
        "may_edit": may(request.user, "enterprises.edit"),
        "reason_form": ReasonForm(),
    }
    context["history"] = [audit_rows.row(entry, reader=request.user) for entry in _history(request.user, enterprise)]
    return page(request, "statistics/record.html", context | _who(enterprise) | _what_it_sends(enterprise))


def _history(user: User, enterprise: Enterprise) -> QuerySet[AuditEntry]:
    return audit_rows.visible_to(user, enterprise).order_by("-pk")[:HISTORY]


def _who(enterprise: Enterprise) -> dict[str, Any]:
    verified = Verification.objects.filter(enterprise=enterprise, review_state=ReviewState.APPROVED)
    return {
        "verification": verified.order_by("-decided_at").first(),
        "people": second_factor.marked(enterprise.people.present()).order_by("pk"),
        "applications": enterprise.applications.order_by("pk"),
        "documents": enterprise.documents.select_related("uploaded_by").order_by("-pk")[:SHOWN],
        "waiting": _waiting(enterprise),
    }


def _waiting(enterprise: Enterprise) -> list[reviews.Entry]:
    return [
        reviews.Entry(name, item)
        for name, kind in reviews.KINDS.items()
        for item in kind.rows().filter(enterprise=enterprise).waiting().order_by("pk")[:SHOWN]
    ]


def _what_it_sends(enterprise: Enterprise) -> dict[str, Any]:
    today = timezone.localdate()
    days = counting.per_day(enterprise, today - timedelta(days=DAYS - 1), today)
    now = days[-1][1]
    running = SendJob.objects.filter(enterprise=enterprise, status__in=[JobStatus.SENDING, JobStatus.PAUSED])
    return {
        "handed_over": figures.total(now, HANDED_OVER),
        "delivered": now[S.DELIVERED],
        "not_delivered": figures.total(now, (S.FAILED, S.REJECTED, S.EXPIRED, S.UNKNOWN)),
        "running": running.count(),
        "chart": chart.per_day(days),
    }
