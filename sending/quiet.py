"""Promotions leave by day only: from 08:00 to 22:00 where the recipient is.

A number tells its country, not its place in it: a country is open while it is day in all its zones at once. The
mainland has one time. Whoever sends asks `open_among`; pages say what the night holds up.
"""

from __future__ import annotations

import zoneinfo
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache

from babel.core import get_global
from babel.dates import get_timezone_location
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.figures import day, is_chinese, num
from console.lib import countries as names
from sending.models import MessageState, SendJob
from templates_app.models import MessageType

OPENS, CLOSES = time(8), time(22)
# Nothing is claimed in the last seconds of a day: it would be with the carrier in the first of the night.
LEAD = timedelta(seconds=5)
MAINLAND = "CN"
# What Unicode's table of zones counts otherwise (Xinjiang keeps Beijing time too) or lacks (codes of numbers only).
_OF_OTHERS = {
    MAINLAND: ("Asia/Shanghai",),
    "XK": ("Europe/Belgrade",),
    "AC": ("Atlantic/St_Helena",),
    "TA": ("Atlantic/St_Helena",),
}
_LONGEST = timedelta(days=60)
_COUNT_AGAIN = 20  # seconds


@lru_cache(maxsize=1)
def _zones() -> dict[str, tuple[zoneinfo.ZoneInfo, ...]]:
    """By country; under the name that this machine's database of zones has."""
    known = zoneinfo.available_timezones()
    other_names: dict[str, list[str]] = defaultdict(list)
    for alias, name in get_global("zone_aliases").items():
        other_names[name].append(alias)
    found: dict[str, list[str]] = defaultdict(list)
    for name, country in get_global("zone_territories").items():
        found[country] += [one for one in (name, *other_names[name]) if one in known][:1]
    return {country: tuple(map(zoneinfo.ZoneInfo, of)) for country, of in (found | _OF_OTHERS).items() if of}


def zones_of(country: str) -> tuple[zoneinfo.ZoneInfo, ...]:
    """All zones of an ISO 3166 country; of what is none, the platform's."""
    return _zones().get(country) or (zoneinfo.ZoneInfo(settings.TIME_ZONE),)


def everywhere() -> set[str]:
    return set(_zones())


def is_open(country: str, at: datetime) -> bool:
    """Whether it is day in the whole country."""
    return all(OPENS <= at.astimezone(zone).time() < CLOSES for zone in zones_of(country))


def opens_at(country: str, at: datetime) -> datetime:
    """When it is day in the whole country next; `at` itself where it is."""
    moment = at
    for _turn in range(8):  # each turn waits for the zone that opens last; they agree after two or three
        later = max(_opens(zone, moment) for zone in zones_of(country))
        if later == moment:
            break
        moment = later
    return moment


def closes_at(country: str, at: datetime) -> datetime:
    """When the night begins first in a country that is open at `at`."""
    return min(_at(at.astimezone(zone), CLOSES) for zone in zones_of(country))


def _opens(zone: zoneinfo.ZoneInfo, at: datetime) -> datetime:
    local = at.astimezone(zone)
    if local.time() < OPENS:
        return _at(local, OPENS)
    return at if local.time() < CLOSES else _at(local + timedelta(days=1), OPENS)


def _at(local: datetime, hour: time) -> datetime:
    return datetime.combine(local.date(), hour, tzinfo=local.tzinfo)


def open_among(countries: Iterable[str], at: datetime) -> list[str]:
    """Those to which promotions may be handed over now, and still in a few seconds."""
    return sorted({c for c in countries if is_open(c, at) and is_open(c, at + LEAD)})


def applies(job: SendJob) -> bool:
    return job.version.template.type == MessageType.PROMOTION


# What the night holds up ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Course:
    """How a sending goes through days and nights."""

    ends_at: datetime
    waiting: int  # messages that a night keeps from leaving


def course(countries: Mapping[str, int], *, begins: datetime, a_second: float) -> Course:
    """Of so many messages to each country, at `a_second` altogether; what is open shares that evenly."""
    left = {country: float(n) for country, n in countries.items() if n > 0}
    held: dict[str, float] = {}
    now = begins
    while left and now - begins < _LONGEST:
        opened = [country for country in left if is_open(country, now)]
        for country in left.keys() - set(opened):
            held[country] = max(held.get(country, 0.0), left[country])
        turn = min(closes_at(c, now) if c in opened else opens_at(c, now) for c in left)
        needed = timedelta(seconds=sum(left[country] for country in opened) / a_second)
        if opened and now + needed <= turn:
            now += needed
            left = {country: n for country, n in left.items() if country not in opened}
            continue
        sent = (turn - now) / needed if opened else 0.0
        left |= {country: left[country] * (1 - sent) for country in opened}
        now = turn
    return Course(now, round(sum(held.values())))


@dataclass(frozen=True, slots=True)
class Effect:
    """Messages that must wait for the day, when the first of them may leave, and both as a sentence."""

    waiting: int
    opens_at: datetime
    text: str


def effect(
    job: SendJob, countries: Mapping[str, int], at: datetime | None, *, a_second: float | None = None
) -> Effect | None:
    """Of quiet hours on a job that begins at `at` (None: now) with so many messages to each country.

    With `a_second` messages a second, those are counted that do not leave before the night. None where none waits.
    """
    if not applies(job):
        return None
    begins = at or timezone.now()
    sums = _of_region(job, countries)
    closed = {country: n for country, n in sums.items() if n and not is_open(country, begins)}
    if closed:
        first = min(opens_at(country, begins) for country in closed)
        return Effect(sum(closed.values()), first, _waits(job, closed, first))
    if a_second and (waiting := course(sums, begins=begins, a_second=a_second).waiting):
        night = min(closes_at(country, begins) for country, n in sums.items() if n)
        first = min(opens_at(country, night) for country, n in sums.items() if n and not is_open(country, night))
        return Effect(waiting, first, _held_by_night(job, waiting, night, first))
    return None


def _of_region(job: SendJob, countries: Mapping[str, int]) -> Mapping[str, int]:
    """The mainland is one, whatever the check has noted."""
    return {MAINLAND: sum(countries.values())} if job.application.is_mainland else countries


def _waits(job: SendJob, closed: Mapping[str, int], first: datetime) -> str:
    waiting = sum(closed.values())
    facts = {"n": num(waiting), "countries": len(closed)} | _moment("time", first, job)
    if job.application.is_mainland:
        words = ngettext(
            "Quiet hours until %(time)s (%(place)s): %(n)s message waits.",
            "Quiet hours until %(time)s (%(place)s): %(n)s messages wait.",
            waiting,
        )
    elif len(closed) == 1:
        facts["country"] = names.name(next(iter(closed)))
        words = ngettext(
            "Quiet hours in %(country)s until %(time)s (%(place)s): %(n)s message waits.",
            "Quiet hours in %(country)s until %(time)s (%(place)s): %(n)s messages wait.",
            waiting,
        )
    else:
        words = _("Quiet hours in %(countries)s countries: %(n)s messages wait, the first until %(time)s (%(place)s).")
    return words % facts


def _held_by_night(job: SendJob, waiting: int, night: datetime, first: datetime) -> str:
    facts = {"n": num(waiting)} | _moment("night", night, job) | _moment("time", first, job)
    return (
        ngettext(
            "Quiet hours begin at %(night)s (%(place)s): %(n)s message leaves from %(time)s on.",
            "Quiet hours begin at %(night)s (%(place)s): %(n)s messages leave from %(time)s on.",
            waiting,
        )
        % facts
    )


def _moment(name: str, at: datetime, job: SendJob) -> dict[str, str]:
    """The hour (with its day, if it is not today's) as `name`, and the place whose time that is."""
    zone = _zones()[MAINLAND][0] if job.application.is_mainland else timezone.get_current_timezone()
    place = get_timezone_location(zone, locale="zh_Hans" if is_chinese() else "en", return_city=True)
    with timezone.override(zone):
        local = timezone.localtime(at)
        hour = f"{local:%H:%M}"
        return {name: hour if local.date() == timezone.localdate() else f"{day(at)} {hour}", "place": place}


def advice(at: datetime, zone: zoneinfo.ZoneInfo) -> str:
    """What to think of for notifications that begin at `at`, a time of the enterprise's `zone`; empty by day."""
    local = at.astimezone(zone)
    if OPENS <= local.time() < CLOSES:
        return ""
    return _(
        "%(time)s is at night, when messages wake people and they complain. Choose a time between %(opens)s and"
        " %(closes)s if this can wait."
    ) % {"time": f"{local:%H:%M}", "opens": f"{OPENS:%H:%M}", "closes": f"{CLOSES:%H:%M}"}


# Jobs that have begun -------------------------------------------------------------------------------------------------


def standing(job: SendJob, queued: int, now: datetime) -> Effect | None:
    """What of a job's `queued` rows must wait at this moment."""
    return effect(job, by_country(job, queued), now) if queued and applies(job) else None


def ends_at(job: SendJob, queued: int, *, begins: datetime, a_second: float) -> datetime:
    """When the last of `queued` messages leaves; promotions rest at night."""
    if applies(job):
        sums = _of_region(job, by_country(job, queued))
        return course(sums, begins=begins, a_second=a_second).ends_at
    return begins + timedelta(seconds=queued / a_second)


def by_country(job: SendJob, queued: int) -> Mapping[str, int]:
    """A job's `queued` rows by country. Counted in the ledger for those who look within some seconds together."""
    if job.application.is_mainland or job.first_id is None:
        return {MAINLAND: queued}
    found: dict[str, int] = cache.get_or_set(f"queued-by-country:{job.pk}", lambda: _count(job), _COUNT_AGAIN) or {}
    return found


def _count(job: SendJob) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT country, count(*) FROM sending_message WHERE state = %s AND id >= %s AND id < %s GROUP BY 1",
            [int(MessageState.QUEUED), job.first_id, job.release_end],
        )
        return dict(cursor.fetchall())
