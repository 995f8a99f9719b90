"""The reviewers' workbench: the queue, and one item of it with everything a decision needs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts import promise, reviewing
from accounts.models import ReviewState, Role
from accounts.models.desk import calendar, today
from accounts.permissions import PersonRequest, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from templates_app import reviews as desk
from templates_app.forms import decision as deeds
from templates_app.forms.decision import DecisionForm
from templates_app.reviews import queue, record
from templates_app.views.asked import asked

WORDS_MAX = 60


def _filters(request: PersonRequest) -> desk.Filters:
    query = asked(request)
    tab, kind = query.get("show", ""), query.get("kind", "")
    return desk.Filters(
        desk.Tab(tab) if tab in desk.Tab.values else desk.Tab.ALL,
        kind if kind in desk.KINDS else "",
        query.get("q", "").strip()[:WORDS_MAX],
    )


def _address(filters: desk.Filters) -> str:
    """`?…` of a list; empty for the whole queue."""
    held = {"show": filters.tab.value, "kind": filters.kind, "q": filters.words}
    query = urlencode({name: value for name, value in held.items() if value})
    return f"?{query}" if query else ""


def _bench(request: PersonRequest, *, kind: str = "", pk: int = 0) -> dict[str, Any]:
    """The queue as it stands beside the item `kind`, `pk`."""
    filters = _filters(request)
    entries, counts = desk.listed(request.user, filters), desk.counts(request.user, filters)
    place = next((i for i, entry in enumerate(entries) if (entry.kind, entry.pk) == (kind, pk)), -1)
    tabs = [
        (_address(desk.Filters(tab, filters.kind, filters.words)), tab, tab.label, counts.get(tab)) for tab in desk.Tab
    ]
    return {
        "filters": filters,
        "decided": filters.tab == desk.Tab.DECIDED,
        "address": _address(filters),
        "items": entries,
        "kept": promise.this_month(),
        "total": counts.get(filters.tab),
        "tabs": tabs,
        "kinds": desk.KINDS.values(),
        "next": entries[place + 1] if place + 1 < len(entries) else None,
        "previous": entries[place - 1] if place > 0 else None,
        "here": reverse("review", args=[kind, pk]) if pk else reverse("reviews"),
        "kind": kind,
        "pk": pk,
    } | _hours()


def _hours() -> dict[str, Any]:
    """Whether the desk is open now and till when, or when it opens; and whether today is a workday."""
    held, now = calendar(), timezone.now()
    day = today(held)
    is_open = held.is_open(now)
    return {
        "desk_open": is_open,
        "desk_closes": datetime.combine(day, held.closes, held.zone) if is_open else None,
        "desk_opens": None if is_open else held.next_opening(now),
        "workday": held.is_workday(day),
    }


@policy("reviews.decide")
def reviews(request: PersonRequest) -> HttpResponse:
    """The queue; its part alone also beside an item (`?at=template-12`), so that it stays marked."""
    kind, _dash, number = request.GET.get("at", "").partition("-")
    pk = int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0
    return page(request, "templates_app/reviews.html", _bench(request, kind=kind, pk=pk), part="queue")


@policy("reviews.decide")
def review(request: PersonRequest, kind: str, pk: int) -> HttpResponse:
    if kind not in desk.KINDS:
        raise Http404
    about = desk.KINDS[kind]
    item = get_object_or_404(about.whole().visible_to(request.user), pk=pk)
    if request.htmx and request.method == "GET":  # type: ignore[attr-defined]
        seen = request.GET.get("seen", "")
        news = {"news": _news(item, seen), "seen": seen, "kind": kind, "pk": pk}
        return page(request, "templates_app/review.html", news, part="news")
    form = DecisionForm(request.POST or None, reasons=about.reasons, initial={"note": item.note})
    if request.method == "POST" and form.is_valid():
        try:
            return _done(request, form, item, kind)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
            item = about.whole().get(pk=pk)
    context = _bench(request, kind=kind, pk=pk) | _item(request, item, kind) | {"form": form}
    return page(request, "templates_app/review.html", context, status=422 if form.is_bound else 200)


@transaction.atomic
def _done(request: PersonRequest, form: DecisionForm, item: Any, kind: str) -> HttpResponse:
    """Do what was asked for and go on: after a decision to the next in the list. NotAllowed: nothing of it is kept."""
    filters, by, here = _filters(request), request.user, request.get_full_path()
    if (note := form.new_note) is not None:
        item.hold()  # the calendar before the row, as a decision locks them
        reviewing.set_note(item, note)
    if form.deed in (deeds.CLAIM, deeds.TAKE):
        reviewing.claim(item, by=by, take_over=form.deed == deeds.TAKE)
        return redirect(here)
    if form.deed == deeds.RELEASE:
        reviewing.release(item, by=by)
        return redirect(here)
    if form.deed == deeds.NOTE:
        messages.success(request, _("The note is saved."))
        return redirect(here)
    before = queue.keys(by, filters)
    _decide(form, item, by=by)
    messages.success(request, _told(form.deed, item))
    after = desk.following(before, by, filters, kind=kind, pk=item.pk)
    to = reverse("review", args=[after.kind, after.pk]) if after else reverse("reviews")
    return redirect(to + _address(filters))


def _decide(form: DecisionForm, item: Any, *, by: Any) -> None:
    seen, words = form.cleaned_data["round"], form.words
    if form.deed == deeds.ASK:
        desk.ask(item, by=by, question=words["reason"], question_zh=words["reason_zh"], seen=seen)
        return
    approve = form.deed == deeds.APPROVE
    said = {} if approve else words
    desk.decide(item, by=by, approve=approve, exception=form.cleaned_data["exception"], seen=seen, **said)


def _told(deed: str, item: Any) -> str:
    words = {
        deeds.REJECT: _("“%(title)s” is rejected."),
        deeds.ASK: _("“%(title)s” went back with your question. Its clock stands still until the answer."),
        deeds.APPROVE: _("“%(title)s” is approved."),
    }[deed]
    if deed == deeds.APPROVE and item.review_state == ReviewState.IN_REVIEW:
        words = _("“%(title)s” is approved by you. It is valid once another reviewer approves it too.")
    return words % {"title": desk.title(item)}


def _seen(item: Any) -> str:
    """Stands for what a page shows of an item's state."""
    return f"{item.review_state}.{item.round}.{item.first_by_id or 0}.{item.claimed.pk if item.claimed else 0}"


def _news(item: Any, seen: str) -> str:
    """What has happened to an open page's item meanwhile; empty when nothing has."""
    if seen == _seen(item):
        return ""
    state, round_, first, _claimed = (*seen.split("."), "", "", "", "")[:4]
    if item.review_state != state:
        return desk.outcome(item)
    if str(item.round) != round_:
        return _("The applicant has answered, or sent it in anew.")
    if str(item.first_by_id or 0) != first:
        return _("Another reviewer has approved it first.")
    if item.claimed:
        return _("%(name)s has this on the desk now.") % {"name": item.claimed.name}
    return _("Nobody has this on the desk any more.")


def _item(request: PersonRequest, item: Any, kind: str) -> dict[str, Any]:
    about = desk.KINDS[kind]
    is_open = item.review_state == ReviewState.IN_REVIEW
    holder = item.claimed
    return {
        "item": item,
        "about": about,
        "title": about.title(item),
        "facts": f"templates_app/review_{kind}.html",
        "is_open": is_open,
        "may_decide": request.user.role in item.deciders,
        "may_except": request.user.role == Role.ADMINISTRATOR,
        "holder": holder,
        "held_by_another": holder is not None and holder != request.user,
        "two": is_open and item.needs_two(),
        "is_first": item.first_by_id == request.user.pk,
        "in_time": item.due_at is None or item.decided_at is None or item.decided_at <= item.due_at,
        "seen": _seen(item),
        "reasons": about.reasons,
        "history": desk.history(item, for_staff=True),
        "record": record.of(item.enterprise),
    } | about.facts(item)
