"""The reviewers' calendar: changing its hours and days, and what that means for what is open.

Whoever changes it holds the desk's row and sets all due times anew in the same transaction; whoever sends something in
or decides holds it too (`ReviewDesk.hold`, shared). So nothing keeps a due time of a calendar that no longer holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import DurationField, ExpressionWrapper, F
from django.utils import timezone
from django.utils.dateformat import format as write_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.models import CalendarDay, Review, ReviewDesk, ReviewState, User
from accounts.models.desk import today
from accounts.models.review import ReviewClock
from console.figures import is_chinese
from console.lib import seen as seeing
from console.lib.errors import NotAllowed
from console.lib.workdays import DAY, Calendar, WrongCalendar, is_announced

# So long before a year begins administrators are told when its official workdays are not known.
WARN_BEFORE = timedelta(days=60)
FIELDS = ("zone", "opens", "closes", "country", "second_pair")
WHY_MAX = 200
DAYS_AT_ONCE = 31
YEARS_AHEAD = 2  # later is a slip of the pen
WHY_MISSING = gettext_lazy("Say why; it is recorded with your name.")


@dataclass(frozen=True, slots=True)
class Change:
    """`days` that are another than before or have another reason, `due` times of open reviews that have moved."""

    days: int
    due: int


def expected(promise: ReviewClock) -> datetime:
    """By when something sent in right now would be decided; aware, in UTC."""
    return promise.due(timezone.now())


def unknown_year(held: Calendar) -> int | None:
    """The year whose official workdays are missing: this one, or the next from 60 days before it begins."""
    now = today(held)
    if not held.knows(now.year):
        return now.year
    following = now.year + 1
    soon = date(following, 1, 1) - now <= WARN_BEFORE
    return following if soon and not held.knows(following) else None


def token(desk: ReviewDesk) -> str:
    """Stands for the settings as they were shown."""
    return seeing.token(*(str(getattr(desk, name)) for name in FIELDS))


@transaction.atomic
def change_desk(values: dict[str, Any], *, why: str, by: User | None, seen: str = "") -> int:
    """Hours, zone, country, and which kinds two people decide; how many due times that has moved.

    `seen`: the token of the settings that were changed from. Raises NotAllowed for a desk by which nobody could work.
    """
    desk = _held()
    if seen and seen != token(desk):
        raise NotAllowed(
            _(
                "Somebody has changed these settings after you opened them, so nothing was saved. "
                "Load the page again, and put in what is missing."
            )
        )
    length = _length(desk)
    for name in FIELDS:
        if name in values:
            setattr(desk, name, values[name])
    desk.second_pair = sorted(desk.second_pair)
    before, after = audit.changes(desk, FIELDS)
    if not after:
        return 0
    why = _said(why)
    _check_settings(desk)
    desk.save()
    _stretch(_length(desk) / length)
    audit.record(
        by=by, verb="reviewdesk.changed", object_id=desk.pk, enterprise_id=None, label=str(desk), reason=why,
        before=before, after=after,
    )  # fmt: skip
    return _settle(desk)


@transaction.atomic
def set_days(first: date, last: date | None = None, *, is_workday: bool, why: str, by: User | None) -> Change:
    """Make the days from `first` to `last` (31 at most) workdays or days off; those that are so anyhow are left alone.

    Days that are over keep what they were: the promises of that time are kept or broken.
    """
    desk = _held()
    last, why = last or first, _said(why)
    held = desk.calendar
    _check_range(first, last, held)
    days = [first + n * DAY for n in range((last - first).days + 1)]
    days = [day for day in days if day in held.overrides or held.is_workday(day) != is_workday]
    if not days:
        raise NotAllowed(_("That is a workday already.") if is_workday else _("That is a day off already."))
    for day in days:
        CalendarDay.objects.update_or_create(
            day=day, defaults={"is_workday": is_workday, "why": why, "by": by, "at": timezone.now()}
        )
        _record_day("calendarday.set", day, by, why=why, is_workday=is_workday)
    return Change(len(days), _settle(desk))


@transaction.atomic
def clear_day(day: date, *, by: User | None) -> int:
    """Let a day be again what the library of holidays says; how many due times that has moved."""
    desk = _held()
    if day < today(desk.calendar):
        raise NotAllowed(_("%(day)s is over; it stays as it was.") % {"day": written(day)})
    if not CalendarDay.objects.filter(day=day).delete()[0]:
        words = _("Nobody has set %(day)s by hand; it is what the public holidays say.")
        raise NotAllowed(words % {"day": written(day)})
    _record_day("calendarday.cleared", day, by)
    return _settle(desk)


@transaction.atomic
def confirm_year(year: int, *, known: bool, by: User | None) -> None:
    """Say that all official days of a year that the library does not know are set by hand; or take that back."""
    desk = _held()
    if is_announced(desk.country, year):
        raise NotAllowed(_("The official days of %(year)s are known; there is nothing to say.") % {"year": year})
    if known and not 0 <= year - today(desk.calendar).year <= YEARS_AHEAD:
        raise NotAllowed(_("The official days of %(year)s cannot be known yet.") % {"year": year})
    if known == (year in desk.known_years):
        return
    desk.known_years = sorted({*desk.known_years, year} if known else {*desk.known_years} - {year})
    desk.save(update_fields=["known_years"])
    audit.record(
        by=by,
        verb="reviewdesk.year_known" if known else "reviewdesk.year_unknown",
        object_id=desk.pk,
        enterprise_id=None,
        label=str(year),
    )


def recompute() -> int:
    """Set the due times of everything in review anew; how many have moved. Repeating it is harmless."""
    with transaction.atomic():
        calendar = _held().calendar
        return sum(_recompute(kind, calendar) for kind in Review.__subclasses__())


def written(day: date) -> str:
    """1 October 2026, 2026年10月1日."""
    return write_date(day, "Y年n月j日" if is_chinese() else "j F Y")


def _recompute(kind: type[Review], calendar: Calendar) -> int:
    rows = kind._default_manager.filter(review_state=ReviewState.IN_REVIEW, counted_from__isnull=False)
    locked = rows.order_by("pk").select_for_update(no_key=True)
    moved: dict[int, datetime] = {}
    found: Any = locked.values_list("pk", "counted_from", "time_left", "due_at")
    for pk, counted_from, left, due_at in found:
        due = kind.REVIEW_CLOCK.due(counted_from, left, calendar=calendar)
        if due != due_at:
            moved[pk] = due
    if moved:
        table = connection.ops.quote_name(kind._meta.db_table)
        with connection.cursor() as cursor:  # one statement for any number of rows
            cursor.execute(
                f"UPDATE {table} SET due_at = new.due FROM unnest(%s::bigint[], %s::timestamptz[]) AS new (pk, due)"
                f" WHERE {table}.id = new.pk",
                [list(moved), list(moved.values())],
            )
    return len(moved)


def _stretch(ratio: float) -> None:
    """What is left of a promise of workdays, counted in hours of the desk, stays as many workdays when those change."""
    if ratio == 1:
        return
    left = ExpressionWrapper(F("time_left") * ratio, output_field=DurationField())
    for kind in Review.__subclasses__():
        if kind.REVIEW_CLOCK is ReviewClock.THREE_WORKDAYS:
            stopped = kind._default_manager.filter(review_state__in=[ReviewState.IN_REVIEW, ReviewState.RETURNED])
            stopped.filter(time_left__isnull=False).update(time_left=left)


def _length(desk: ReviewDesk) -> timedelta:
    """Of a workday."""
    day = date(2000, 1, 1)
    return datetime.combine(day, desk.closes) - datetime.combine(day, desk.opens)


def _held() -> ReviewDesk:
    """The desk's row, held: nobody sends anything in by the calendar as it was."""
    ReviewDesk.objects.get_or_create(pk=ReviewDesk.THE_ONE)
    return ReviewDesk.objects.select_for_update().get(pk=ReviewDesk.THE_ONE)


def _said(why: str) -> str:
    why = why.strip()
    if not why:
        raise NotAllowed(str(WHY_MISSING))
    if len(why) > WHY_MAX:
        raise NotAllowed(_("Use %(most)s characters at most to say why.") % {"most": WHY_MAX})
    return why


def _check_range(first: date, last: date, held: Calendar) -> None:
    now = today(held)
    if first < now:
        words = _("Days before today stay as they were, what was promised for them is over. Begin with %(day)s.")
        raise NotAllowed(words % {"day": written(now)})
    if last < first:
        raise NotAllowed(_("The last day comes before the first one."))
    if (last - first).days >= DAYS_AT_ONCE:
        raise NotAllowed(_("Set at most %(most)s days at once.") % {"most": DAYS_AT_ONCE})
    if last.year > now.year + YEARS_AHEAD:
        raise NotAllowed(_("Days can be set until the end of %(year)s.") % {"year": now.year + YEARS_AHEAD})


def _check_settings(desk: ReviewDesk) -> None:
    if desk.opens >= desk.closes:
        raise NotAllowed(_("The desk must close after it opens."))
    try:
        ZoneInfo(desk.zone)
    except (ValueError, OSError, KeyError) as error:
        raise NotAllowed(_("There is no time zone “%(zone)s”.") % {"zone": desk.zone}) from error
    if unknown := set(desk.second_pair) - {kind._meta.model_name for kind in Review.__subclasses__()}:
        raise NotAllowed(_("Nothing of this kind is reviewed: %(kinds)s") % {"kinds": ", ".join(sorted(unknown))})


def _settle(desk: ReviewDesk) -> int:
    """Due times by the desk as it is now. NotAllowed, which takes the change back, where nobody could keep one."""
    try:
        desk.calendar.due_after_workdays(timezone.now())
        return recompute()
    except WrongCalendar as error:
        raise NotAllowed(
            _("Nobody could work by this calendar: it has no workday within a year, or no holidays are known for it.")
        ) from error


def _record_day(verb: str, day: date, by: User | None, **detail: Any) -> None:
    audit.record(by=by, verb=verb, object_id=day.toordinal(), enterprise_id=None, label=day.isoformat(), **detail)
