"""The demo's outbox: the mails and texts of the platform that would have left. Elsewhere there is no such page.

It shows links and codes that open doors, to anybody: the demo's people are nobody's, and it listens on this machine.
"""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import OutgoingMail, OutgoingText
from accounts.permissions import open_to_all
from console.lib.pages import page
from sending.models import Message

SHOWN = 50


@open_to_all
@never_cache
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    if settings.MODE != "demo":
        raise Http404
    texts = list(OutgoingText.objects.order_by("-pk")[:SHOWN])
    ids = [text.message_id for text in texts if text.message_id]
    states: dict[int | None, int] = dict(Message.objects.filter(pk__in=ids).values_list("pk", "state"))
    context = {
        "mails": OutgoingMail.objects.order_by("-pk")[:SHOWN],
        "texts": [(text, states.get(text.message_id)) for text in texts],
        "shown": SHOWN,
    }
    return page(request, "sending/outbox.html", context)
