"""The overview: what needs a person, what runs, what came of today's messages. Reads only."""

from __future__ import annotations

from datetime import timedelta
from statistics import chart, needs
from typing import Any

from django.db.models import Case, IntegerField, Value, When
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import clock, joining, promise
from accounts.models import User
from accounts.models.desk import calendar
from accounts.permissions import PersonRequest, may, policy
from console.lib.pages import page
from sending import counts as counting
from sending.models import Carrier, GatewayLease, SendJob
from sending.states import HANDED_OVER, JobStatus
from sending.states import MessageState as S
from sending.views import figures
from sending.views.jobs import listed
from templates_app import reviews

JOBS = 8
WAITING = 10
DAYS = 14


@policy("overview.view")
@require_safe
def overview(request: PersonRequest) -> HttpResponse:
    if request.user.is_staff_member:
        return page(request, "statistics/staff.html", _for_staff(request.user), part="live")
    return page(request, "statistics/overview.html", _for_enterprise(request.user), part="live")


def _for_enterprise(user: User) -> dict[str, Any]:
    assert user.enterprise is not None
    today = timezone.localdate()
    days = counting.per_day(user.enterprise, today - timedelta(days=DAYS - 1), today)
    now = days[-1][1]
    reported = figures.total(now, (S.DELIVERED, S.FAILED, S.REJECTED))
    jobs = _jobs(user)
    return {
        "now": timezone.now(),
        "handed_over": figures.total(now, HANDED_OVER),
        "delivered": now[S.DELIVERED],
        "delivered_percent": now[S.DELIVERED] * 100 / reported if reported else None,
        "waiting": figures.total(now, figures.UNDER_WAY),
        "not_delivered": figures.total(now, (S.FAILED, S.REJECTED, S.EXPIRED, S.UNKNOWN)),
        "failed": figures.total(now, (S.FAILED, S.REJECTED, S.EXPIRED)),
        "unknown": now[S.UNKNOWN],
        "needs": needs.of(user),
        "joining": [] if joining.is_complete(user.enterprise) else joining.left(user),
        "jobs": listed(jobs),
        "chart": chart.per_day(days),
        "in_review": reviews.waiting(user, at_most=WAITING),
        "can_send": may(user, "jobs.send"),
        "polls": any(job.status in {JobStatus.UPLOADED, JobStatus.SENDING} for job in jobs),
    }


def _jobs(user: User) -> list[SendJob]:
    """Those in which something may still happen first, then the newest."""
    open_first = Case(
        When(status__in=[JobStatus.SENDING, JobStatus.PAUSED, JobStatus.UPLOADED], then=Value(0)),
        When(status__in=[JobStatus.SCHEDULED, JobStatus.CHECKED], then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    found = SendJob.objects.visible_to(user).select_related("version__template")
    return list(found.order_by(open_first, "-id")[:JOBS])


def _for_staff(user: User) -> dict[str, Any]:
    now = timezone.now()
    queues = promise.queues().values()
    context: dict[str, Any] = {
        "now": now,
        "in_review": reviews.waiting(user, at_most=WAITING),
        "waiting": sum(queue.length for queue in queues),
        "late": sum(queue.late for queue in queues),
        "urged": sum(queue.urged for queue in queues),
        "sees_carriers": may(user, "carriers.view"),
    }
    if may(user, "desk.edit"):
        context["unknown_year"] = clock.unknown_year(calendar())
    if context["sees_carriers"]:
        context |= {
            "carriers": list(Carrier.objects.order_by("-enabled", "name")),
            "gateways": GatewayLease.objects.filter(expires_at__gt=now).count(),
            "sending": SendJob.objects.filter(status=JobStatus.SENDING).count(),
        }
    return context
