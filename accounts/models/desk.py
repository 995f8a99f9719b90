"""The reviewers' desk: when it is open, which days it works on, and what two people decide together."""

from __future__ import annotations

from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.person import User
from console.lib.workdays import Calendar


def _kept(name: str) -> Any:
    return settings.REVIEW_CALENDAR[name]


def default_zone() -> str:
    return _kept("zone")


def default_opens() -> time:
    return time.fromisoformat(_kept("opens"))


def default_closes() -> time:
    return time.fromisoformat(_kept("closes"))


def default_country() -> str:
    return _kept("country")


class ReviewDesk(models.Model):
    """One row, `ReviewDesk.current()`. Changed by `accounts.clock`, which sets the due times of what is open anew."""

    THE_ONE = 1

    zone = models.CharField(_("time zone"), max_length=40, default=default_zone)  # IANA
    opens = models.TimeField(_("opens"), default=default_opens)
    closes = models.TimeField(_("closes"), default=default_closes)
    country = models.CharField(_("public holidays of"), max_length=2, default=default_country)  # ISO 3166-1
    # Kinds (names of models) that only two different reviewers approve together.
    second_pair = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    # Years that the library of holidays does not know yet, and whose days an administrator has set by hand.
    known_years = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(opens__lt=F("closes")), name="reviewdesk_opens_before_it_closes"),
            models.CheckConstraint(condition=Q(pk=1), name="reviewdesk_is_one"),
        ]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M} {self.zone}"

    @classmethod
    def current(cls) -> ReviewDesk:
        return cls.objects.filter(pk=cls.THE_ONE).first() or cls(pk=cls.THE_ONE)

    @classmethod
    def hold(cls) -> None:
        """Until the end of this transaction nobody changes hours or days, so that a due time set now is right.

        To be called before a review's row is locked: whoever changes the calendar takes the desk first, then the rows.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM accounts_reviewdesk WHERE id = %s FOR SHARE", [cls.THE_ONE])
            found = cursor.fetchone()
        if found is None:  # without a row there is nothing to hold
            cls.objects.get_or_create(pk=cls.THE_ONE)
            cls.hold()

    @property
    def calendar(self) -> Calendar:
        """With the exceptions of single days. Costs one query."""
        return Calendar(
            zone=ZoneInfo(self.zone),
            opens=self.opens,
            closes=self.closes,
            country=self.country,
            overrides=dict(CalendarDay.objects.values_list("day", "is_workday")),
            confirmed=frozenset(self.known_years),
        )


class CalendarDay(models.Model):
    """One day that is a workday, or is none, whatever the library of holidays says; with who said so and why."""

    day = models.DateField(_("day"), unique=True)
    is_workday = models.BooleanField(_("workday"))
    why = models.CharField(_("why"), max_length=200)
    # Null: by the command line.
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(why=""), name="calendarday_with_reason")]

    def __str__(self) -> str:
        return f"{self.day}: {'workday' if self.is_workday else 'day off'}"


def calendar() -> Calendar:
    """The one that holds for reviews now. Two queries."""
    return ReviewDesk.current().calendar


def today(held: Calendar) -> date:
    """The day it is where the reviewers are."""
    return timezone.now().astimezone(held.zone).date()
