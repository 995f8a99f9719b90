"""The reviewers' calendar: the year, days set by hand, and the desk's settings."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as write_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts import calendar_year, clock
from accounts.forms.desk import DaysForm, DeskForm, zones
from accounts.models import CalendarDay, ReviewDesk
from accounts.models.desk import today
from accounts.permissions import PersonRequest, may, policy
from console import figures
from console.lib import workdays
from console.lib.errors import NotAllowed
from console.lib.pages import page

# The first of which the list of holidays knows what was worked; and none that a page of today has a use for.
FIRST_YEAR = 2001
YEARS_SHOWN = 5


@policy("desk.view")
@require_safe
def calendar(request: PersonRequest) -> HttpResponse:
    return _show(request)


@policy("desk.edit")
@require_POST
def calendar_set(request: PersonRequest) -> HttpResponse:
    form = DaysForm(request.POST, held=ReviewDesk.current().calendar)
    if not form.is_valid():
        return _show(request, setting=form)
    given = form.cleaned_data
    try:
        done = clock.set_days(
            given["first"], given["last"], is_workday=given["is_workday"], why=given["why"], by=request.user
        )
    except NotAllowed as problem:
        form.add_error(None, str(problem))
        return _show(request, setting=form)
    words = ngettext("%(n)s day is set.", "%(n)s days are set.", done.days) % {"n": done.days}
    return _back(request, given["first"].year, f"{words} {_moved(done.due)}")


@policy("desk.edit")
@require_POST
def calendar_clear(request: PersonRequest) -> HttpResponse:
    """`day`, as 2026-10-10, is again what the public holidays say."""
    day = _day(request.POST.get("day", ""))
    try:
        moved = clock.clear_day(day, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
        return _back(request, day.year)
    words = _("%(day)s is left to the public holidays.") % {"day": clock.written(day)}
    return _back(request, day.year, f"{words} {_moved(moved)}")


@policy("desk.edit")
@require_POST
def calendar_known(request: PersonRequest) -> HttpResponse:
    """`year`, and `known`: "1", all its official days are set by hand, or "0", they are not after all."""
    year = _year(request.POST.get("year", ""))
    if year is None:
        raise Http404
    try:
        clock.confirm_year(year, known=request.POST.get("known") == "1", by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return _back(request, year)


@policy("desk.edit")
def calendar_settings(request: PersonRequest) -> HttpResponse:
    desk = ReviewDesk.current()
    form = DeskForm(request.POST or None, desk=desk)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            moved = clock.change_desk(form.values, why=given["why"], by=request.user, seen=given["seen"])
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, f"{_('Saved.')} {_moved(moved)}")
            return redirect("calendar")
    context = {"form": form, "zones": zones(), "hours": _hours(desk)}
    return page(request, "accounts/calendar_settings.html", context, status=422 if form.is_bound else 200)


def _show(request: PersonRequest, *, setting: DaysForm | None = None) -> HttpResponse:
    """The year asked for; `setting`: the form of the days when it was refused."""
    desk = ReviewDesk.current()
    held = desk.calendar
    now = today(held)
    asked = _asked_year(request, setting)
    year = now.year if asked is None else asked
    exceptions = list(CalendarDay.objects.filter(day__year=year).select_related("by").order_by("day"))
    context = {
        "year": year,
        "previous": year - 1 if year > FIRST_YEAR else None,
        "following": year + 1 if year < now.year + YEARS_SHOWN else None,
        "is_this_year": year == now.year,
        "today": now,
        "months": calendar_year.months(held, year, {entry.day: entry for entry in exceptions}, now),
        "heads": calendar_year.heads(),
        "legend": calendar_year.legend(),
        "official": calendar_year.official(held, year),
        "exceptions": [(entry, calendar_year.short(entry.day)) for entry in exceptions],
        "desk": desk,
        "hours": _hours(desk),
        "zone_words": _in_zone(held, figures.zone),
        "open_words": _in_zone(held, lambda: _open_words(held)),
        **_knowledge(held, desk, year),
        "may_edit": may(request.user, "desk.edit"),
        "form": setting or DaysForm(held=held),
    }
    return page(request, "accounts/calendar.html", context, status=422 if setting else 200)


def _knowledge(held: workdays.Calendar, desk: ReviewDesk, year: int) -> dict[str, Any]:
    """Whether the official days are known: of the year shown, and of the one that administrators are warned of."""
    warned = clock.unknown_year(held)
    return {
        "is_known": held.knows(year),
        "is_pressing": warned == year,
        "is_confirmed": year in desk.known_years and not workdays.is_announced(desk.country, year),
        "may_confirm": 0 <= year - today(held).year <= clock.YEARS_AHEAD,
        "other_unknown": warned if warned != year else None,
    }


def _open_words(held: workdays.Calendar) -> str:
    now = timezone.now()
    if closing := held.closing(now):
        return _("Open now, until %(time)s") % {"time": write_date(timezone.localtime(closing), "H:i")}
    opening = timezone.localtime(held.next_opening(now))
    soon = (opening.date() - timezone.localdate()).days < 7
    day = write_date(opening, "l") if soon else clock.written(opening.date())
    return _("Closed now, opens %(day)s %(time)s") % {"day": day, "time": write_date(opening, "H:i")}


def _in_zone(held: workdays.Calendar, words: Any) -> str:
    with timezone.override(held.zone):
        return str(words())


def _hours(desk: ReviewDesk) -> str:
    return f"{desk.opens:%H:%M}–{desk.closes:%H:%M}"


def _moved(n: int) -> str:
    if not n:
        return _("No due time moved.")
    return ngettext("%(n)s due time moved.", "%(n)s due times moved.", n) % {"n": figures.num(n)}


def _asked_year(request: PersonRequest, setting: DaysForm | None) -> int | None:
    if setting is None:
        return _year(request.GET.get("year", ""))
    first = setting.cleaned_data.get("first")
    return _year(str(first.year)) if first else None


def _year(text: str) -> int | None:
    """None for what is no year that pages show."""
    if not (text.isascii() and text.isdecimal() and len(text) == 4):
        return None
    return int(text) if FIRST_YEAR <= int(text) <= timezone.now().year + YEARS_SHOWN else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error


def _back(request: PersonRequest, year: int, said: str = "") -> HttpResponse:
    if said:
        messages.success(request, said)
    return redirect(f"{reverse('calendar')}?year={year}")
