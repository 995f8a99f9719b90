"""`manage.py calendar show|set|clear|check`: the reviewers' calendar from the server's command line."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import clock
from accounts.calendar_year import official
from accounts.models import CalendarDay, ReviewDesk, User
from accounts.models.desk import calendar, today
from accounts.permissions import may
from console.lib.errors import NotAllowed

FIRST_YEAR, LAST_YEAR = 2001, 2099


class Command(BaseCommand):
    help = "Shows and changes the days on which reviewers work, and checks whether the days to come are known."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        show = verbs.add_parser("show", help="hours, public holidays, make-up workdays and days set by hand of a year")
        show.add_argument("year", nargs="?", type=int, metavar="YEAR", help="this year unless given")
        setting = verbs.add_parser("set", help="make a day a workday or a day off; due times are set anew at once")
        setting.add_argument("day", metavar="DATE", help="such as 2026-10-10")
        setting.add_argument("what", choices=["workday", "off"])
        setting.add_argument("--why", required=True, help="stays on record, and stands beside the day")
        clear = verbs.add_parser("clear", help="leave a day to the public holidays again")
        clear.add_argument("day", metavar="DATE")
        for verb in (setting, clear):
            verb.add_argument("--by", metavar="E-MAIL", help="the administrator who does it; else the command line")
        verbs.add_parser("check", help="exit 1 when this year's days, or from 60 days before the next's, are not known")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"do_{options['verb']}")(options)
        except NotAllowed as problem:
            raise CommandError(str(problem)) from problem

    def do_show(self, options: dict[str, Any]) -> None:
        desk = ReviewDesk.current()
        held = desk.calendar
        year = options["year"] or today(held).year
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise CommandError(f"Name a year from {FIRST_YEAR} to {LAST_YEAR}.")
        known = "known" if held.knows(year) else "not known, the statutory days stand in for them"
        self.stdout.write(f"{desk}, workdays of {desk.country}. The official days of {year} are {known}.")
        for span in official(held, year):
            days = f"{span.first}" if span.first == span.last else f"{span.first} – {span.last}"
            self.stdout.write(f"  {days:<24} {span.words:<16} {span.name}".rstrip())
        for entry in CalendarDay.objects.filter(day__year=year).select_related("by").order_by("day"):
            words = "workday" if entry.is_workday else "day off"
            who = entry.by.email if entry.by else "the command line"
            self.stdout.write(f"  {entry.day!s:<24} {words:<16} set by {who}: {entry.why}")

    def do_set(self, options: dict[str, Any]) -> None:
        day, is_workday = day_of(options["day"]), options["what"] == "workday"
        done = clock.set_days(day, is_workday=is_workday, why=options["why"], by=person(options["by"]))
        words = "a workday" if is_workday else "a day off"
        self.stdout.write(f"{day} is {words}. Due times moved: {done.due}.")

    def do_clear(self, options: dict[str, Any]) -> None:
        day = day_of(options["day"])
        moved = clock.clear_day(day, by=person(options["by"]))
        self.stdout.write(f"{day} is left to the public holidays. Due times moved: {moved}.")

    def do_check(self, options: dict[str, Any]) -> None:
        held = calendar()
        year = clock.unknown_year(held)
        if year is not None:
            raise CommandError(
                f"The official make-up workdays of {year} are not known; the statutory days hold until then. When they"
                " are announced, set them by hand and say on the page Calendar that they are complete, or update."
            )
        self.stdout.write(f"The official days of {today(held).year} are known, and so are those that will soon matter.")


def day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}” is no day. Write it as year-month-day, such as 2026-10-10.") from error


def person(email: str | None) -> User | None:
    """Who does it; None is the command line."""
    if email is None:
        return None
    found = User.objects.present().filter(email=email.strip().lower(), is_active=True).first()
    if found is None or not may(found, "desk.edit"):
        raise CommandError(f"No administrator has the address {email}.")
    return found
