"""The enterprise's inbox. Opening it marks everything as read, for the person who opens it."""

from __future__ import annotations

from typing import cast

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts import notices as telling
from accounts.models import Notice, NoticeKind, User
from accounts.permissions import PersonRequest, policy
from console.lib.pages import page
from console.lists import keyset

KEY_MAX = 18  # digits of an id that a database can hold


@policy("notices.view")
@require_safe
def notices(request: PersonRequest) -> HttpResponse:
    query = request.GET.copy()
    if len(query.get("after", "")) > KEY_MAX:
        del query["after"]
    visible = Notice.objects.visible_to(request.user)
    kind = query.get("kind") if query.get("kind") in NoticeKind.values else ""
    rows, older = keyset(visible.filter(kind=kind) if kind else visible, query, {"told": "pk"}, "-told")
    seen = request.user.seen_notice
    _mark_read(request.user)
    context = {
        "rows": [(notice, telling.words(notice), notice.pk > seen) for notice in cast("list[Notice]", rows)],
        "older": older,
        "kinds": NoticeKind.choices,
        "kind": kind,
    }
    return page(request, "accounts/notices.html", context)


def _mark_read(user: User) -> None:
    newest = Notice.objects.visible_to(user).order_by("-pk").values_list("pk", flat=True).first() or 0
    if newest > user.seen_notice:
        # Only forward: an old tab must not make anything unread again.
        User.objects.filter(pk=user.pk, seen_notice__lt=newest).update(seen_notice=newest)
        user.seen_notice = newest
