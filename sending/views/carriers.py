"""The carriers as administrators see them. They are edited on the command line: `manage.py carriers`."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import PersonRequest, policy
from console.lib.pages import page
from sending.models import Carrier, GatewayLease


@policy("carriers.view")
@require_safe
def carriers(request: PersonRequest) -> HttpResponse:
    now = timezone.now()
    context = {
        "carriers": list(Carrier.objects.order_by("-enabled", "name")),
        "gateways": GatewayLease.objects.filter(expires_at__gt=now).count(),
        "now": now,
    }
    return page(request, "sending/carriers.html", context, part="list")
