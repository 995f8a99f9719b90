"""The calendar's pages and its command: who may, what is refused and how it is said, what the year shows."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import clock
from accounts.models import AuditEntry, CalendarDay, ReviewDesk, Role
from accounts.models.desk import calendar
from console.lib import workdays
from tests import make

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
SETTINGS = {
    "opens": "09:00", "closes": "18:00", "zone": "Asia/Shanghai", "country": "CN", "second_pair": [], "why": "Winter",
}  # fmt: skip


@pytest.fixture(autouse=True)
def now(db, today_is_a_workday, time_machine, monkeypatch):
    """Moves the clock, from 12 October 2026, a Monday, at ten. The list of holidays ends with 2026 for all time."""
    CalendarDay.objects.all().delete()
    announced = workdays.is_announced
    monkeypatch.setattr(
        workdays, "is_announced", lambda country, year: announced(country, year) and (country != "CN" or year < 2027)
    )
    monkeypatch.setattr(clock, "is_announced", workdays.is_announced)

    def to(text):
        time_machine.move_to(datetime.fromisoformat(text).replace(tzinfo=SHANGHAI), tick=False)

    to("2026-10-12T10:00")
    return to


@pytest.fixture
def desk_of(sign_in, carol):
    """carol at the calendar."""
    return sign_in(carol)


def text_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def put(client, first="2026-10-24", last="", is_workday="1", why="Stocktaking", **more):
    given = {"first": first, "last": last, "is_workday": is_workday, "why": why, **more}
    return client.post(reverse("calendar-set"), given, follow=True)


def save(client, **changes):
    desk = ReviewDesk.current()
    return client.post(reverse("calendar-settings"), SETTINGS | {"seen": clock.token(desk)} | changes, follow=True)


# The year


def test_a_year_names_every_day_that_is_not_ordinary(bob, sign_in):
    page = sign_in(bob).get(reverse("calendar") + "?year=2026")
    words = text_of(page)
    for day in (
        "1 October 2026: public holiday, National Day",
        "10 October 2026: make-up workday",
        "11 October 2026: weekend",
        "12 October 2026: workday",
        "6 October 2026: public holiday, Day off (substituted from 20 September 2026)",
    ):
        assert day in words
    markup = page.content.decode()
    assert markup.count('<table class="cal">') == 12 and markup.count("<caption>") == 12
    assert markup.count('aria-current="date"') == 1
    assert "Open now, until 18:00" in words and "09:00–18:00 on workdays of China" in words


def test_in_chinese(bob, sign_in):
    bob.language = "zh-hans"
    bob.save()
    words = text_of(sign_in(bob).get(reverse("calendar")))
    assert "国庆节" in words and "2026年10月1日" in words and "星期" in words and "十月" in words
    assert "National Day" not in words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-10-12T17:59", "Open now, until 18:00"),
        ("2026-10-12T18:00", "Closed now, opens Tuesday 09:00"),
        ("2026-10-17T12:00", "Closed now, opens Monday 09:00"),
        ("2026-09-30T18:00", "Closed now, opens 8 October 2026 09:00"),
    ],
)
def test_whether_the_desk_is_open(bob, sign_in, now, moment, words):
    now(moment)
    assert words in text_of(sign_in(bob).get(reverse("calendar")))


@pytest.mark.parametrize("year", ["", "abc", "99999", "1999", "-1", "２０２６", "2026; drop"])
def test_what_is_no_year_shows_this_one(bob, sign_in, year):
    answer = sign_in(bob).get(reverse("calendar"), {"year": year})
    assert answer.status_code == 200 and "<h1>Calendar 2026</h1>" in answer.content.decode()


def test_every_year_that_is_shown_opens(bob, sign_in):
    client = sign_in(bob)
    for year in (2001, 2024, 2031):
        assert f"<h1>Calendar {year}</h1>" in client.get(reverse("calendar"), {"year": year}).content.decode()
    assert 'rel="prev"' not in client.get(reverse("calendar") + "?year=2001").content.decode()
    assert 'rel="next"' not in client.get(reverse("calendar") + "?year=2031").content.decode()


def test_costs_the_same_with_many_days_set(bob, carol, sign_in):
    client = sign_in(bob)
    client.get(reverse("calendar"))  # the first page of a session notes it
    counts = []
    for n in (2, 20):
        CalendarDay.objects.all().delete()
        days = [date(2026, 11, 1) + timedelta(days=d) for d in range(n)]
        CalendarDay.objects.bulk_create(CalendarDay(day=day, is_workday=True, why="Busy", by=carol) for day in days)
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("calendar"))
        counts.append(len(queries))
    assert counts[0] == counts[1]


# Who may


@pytest.mark.parametrize("role", [Role.OWNER, Role.OPERATOR, Role.VIEWER])
def test_enterprises_do_not_see_it(sign_in, role):
    assert sign_in(make.user(role=role)).get(reverse("calendar")).status_code == 403


def test_reviewers_look_and_change_nothing(bob, sign_in):
    client = sign_in(bob)
    words = client.get(reverse("calendar")).content.decode()
    assert 'id="set"' not in words and reverse("calendar-settings") not in words
    assert put(client).status_code == 403
    for name in ("calendar-clear", "calendar-known", "calendar-settings"):
        assert client.post(reverse(name), {"day": "2026-10-24", "year": "2027"}).status_code == 403
    assert not CalendarDay.objects.exists()


# Days set by hand


def test_an_administrator_sets_a_day(desk_of, carol):
    asked = make.request(by=make.user(role=Role.OWNER))
    answer = put(desk_of, "2026-10-12", is_workday="0", why="The office moves")
    assert answer.status_code == 200
    words = text_of(answer)
    assert "1 day is set. 1 due time moved." in words
    assert "12 October 2026: day off, set by Carol Li: The office moves" in words
    entry = CalendarDay.objects.get()
    assert (entry.day, entry.is_workday, entry.by) == (date(2026, 10, 12), False, carol)
    asked.refresh_from_db()
    assert asked.due_at == datetime(2026, 10, 13, 11, tzinfo=SHANGHAI)
    recorded = AuditEntry.objects.get(verb="calendarday.set")
    assert recorded.by == carol and recorded.detail["why"] == "The office moves"


def test_a_range_as_the_notice_has_it_leaves_alone_what_is_so_anyhow(desk_of):
    answer = put(desk_of, "2027-02-05", "2027-02-11", is_workday="0", why="Notice of the State Council")
    assert "<h1>Calendar 2027</h1>" in answer.content.decode(), "one sees what one has set"
    # Statutory are 5 to 10 February 2027, with the weekend in between.
    assert list(CalendarDay.objects.values_list("day", flat=True)) == [date(2027, 2, 11)]
    assert AuditEntry.objects.filter(verb="calendarday.set").count() == 1


def test_a_day_set_again_has_the_new_reason(desk_of):
    put(desk_of, why="First")
    put(desk_of, why="Second")
    assert CalendarDay.objects.get().why == "Second"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"first": ""}, "Choose a day."),
        ({"first": "tomorrow"}, "such as 2026-10-10"),
        ({"first": "2026-02-30"}, "such as 2026-10-10"),
        ({"is_workday": ""}, "Choose whether people work."),
        ({"is_workday": "maybe"}, "Choose one of the two."),
        ({"why": "  "}, "Say why; it is recorded with your name."),
        ({"why": "x" * 201}, "Use 200 characters at most"),
        ({"first": "2026-10-11"}, "Begin with 12 October 2026."),
        ({"last": "2026-10-23"}, "The last day comes before the first one."),
        ({"last": "2026-11-24"}, "Set at most 31 days at once."),
        ({"first": "2206-10-24"}, "until the end of 2028"),
        ({"first": "2026-10-13"}, "That is a workday already."),
        ({"first": "2026-10-24", "is_workday": "0"}, "That is a day off already."),
        ({"first": "9999-12-31", "last": "9999-12-31"}, "until the end of 2028"),
    ],
)
def test_what_is_refused_says_why_and_keeps_what_was_typed(desk_of, given, words):
    answer = put(desk_of, **given)
    assert answer.status_code == 422 and words in text_of(answer)
    assert (given.get("why") or "Stocktaking") in answer.content.decode()
    assert not CalendarDay.objects.exists()


def test_markup_in_a_reason_stays_words(desk_of):
    markup = put(desk_of, why='"><script>alert(1)</script>').content.decode()
    assert "<script>alert" not in markup and "&lt;script&gt;alert" in markup


def test_a_day_is_left_to_the_public_holidays_again(desk_of):
    put(desk_of)
    answer = desk_of.post(reverse("calendar-clear"), {"day": "2026-10-24"}, follow=True)
    assert "24 October 2026 is left to the public holidays. No due time moved." in text_of(answer)
    assert not CalendarDay.objects.exists() and AuditEntry.objects.filter(verb="calendarday.cleared").exists()
    again = desk_of.post(reverse("calendar-clear"), {"day": "2026-10-24"}, follow=True)
    assert "Nobody has set 24 October 2026 by hand" in text_of(again)


def test_days_that_are_over_stay(carol, sign_in, now):
    put(sign_in(carol))
    now("2026-10-26T10:00")
    desk_of = sign_in(carol)
    assert 'name="day"' not in desk_of.get(reverse("calendar")).content.decode()
    answer = desk_of.post(reverse("calendar-clear"), {"day": "2026-10-24"}, follow=True)
    assert "24 October 2026 is over; it stays as it was." in text_of(answer)
    assert CalendarDay.objects.exists()


@pytest.mark.parametrize("day", ["", "soon", "2026-13-01", "0001-01-01x"])
def test_what_is_no_day_is_not_found(desk_of, day):
    assert desk_of.post(reverse("calendar-clear"), {"day": day}).status_code == 404


# Hours and rules


def test_settings_are_saved_and_say_what_moved(desk_of, carol):
    make.request(by=make.user(role=Role.OWNER))
    answer = save(desk_of, opens="12:00", zone="Asia/Tokyo", second_pair=["signature", "request"])
    assert "Saved. 1 due time moved." in text_of(answer)
    desk = ReviewDesk.current()
    assert (desk.opens, desk.zone, desk.second_pair) == (time(12), "Asia/Tokyo", ["request", "signature"])
    entry = AuditEntry.objects.get(verb="reviewdesk.changed")
    assert entry.by == carol and entry.detail["reason"] == "Winter" and entry.after["zone"] == "Asia/Tokyo"


def test_saving_the_same_changes_nothing(desk_of):
    assert "Saved. No due time moved." in text_of(save(desk_of))
    assert not AuditEntry.objects.filter(verb="reviewdesk.changed").exists()


def test_another_country_has_its_own_holidays(desk_of):
    save(desk_of, country="DE", zone="Europe/Berlin")
    words = text_of(desk_of.get(reverse("calendar") + "?year=2026"))
    assert "25 December 2026: public holiday, Christmas Day" in words and "workdays of Germany" in words
    assert "not known yet" not in words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"opens": "18:00", "closes": "09:00"}, "The desk must close after it opens"),
        ({"closes": "09:00"}, "The desk must close after it opens"),
        ({"opens": "25:00"}, "Write the time as 09:00."),
        ({"opens": ""}, "Write the time as 09:00."),
        ({"zone": "Mars/Olympus"}, "There is no such time zone."),
        ({"zone": "../../etc/passwd"}, "There is no such time zone."),
        ({"zone": ""}, "Choose a time zone."),
        ({"country": "XX"}, "Choose a country of the list."),
        ({"second_pair": ["moon"]}, "Nothing of this kind is reviewed."),
        ({"why": ""}, "Say why"),
    ],
)
def test_settings_that_are_refused(desk_of, given, words):
    answer = save(desk_of, **given)
    assert answer.status_code == 422 and words in text_of(answer)
    assert ReviewDesk.current().closes == time(18) and not AuditEntry.objects.filter(verb="reviewdesk.changed").exists()


def test_of_two_windows_the_second_is_told(desk_of, bob):
    seen = clock.token(ReviewDesk.current())
    assert save(desk_of, opens="08:00").status_code == 200
    answer = save(desk_of, closes="20:00", seen=seen)
    assert answer.status_code == 422 and "Somebody has changed these settings" in text_of(answer)
    assert (ReviewDesk.current().opens, ReviewDesk.current().closes) == (time(8), time(18))
    assert 'value="20:00"' in answer.content.decode(), "what was typed is still there"


def test_every_country_and_kind_can_be_chosen(desk_of, carol):
    markup = desk_of.get(reverse("calendar-settings")).content.decode()
    assert markup.count('value="') > 250 and ">Germany<" in markup and '<option value="Asia/Kathmandu">' in markup
    for kind in ("verification", "request", "qualification", "signature", "templateversion"):
        assert f'name="second_pair" value="{kind}"' in markup
    carol.language = "zh-hans"
    carol.save()
    assert ">德国<" in desk_of.get(reverse("calendar-settings")).content.decode()


# A year that is not known


def test_administrators_are_warned_from_sixty_days_before(carol, bob, sign_in, now):
    overview, words = reverse("overview"), "make-up workdays of 2027 are not known yet"
    now("2026-11-01T23:00")
    desk_of = sign_in(carol)
    assert words not in text_of(desk_of.get(overview)) and words not in text_of(desk_of.get(reverse("calendar")))
    now("2026-11-02T00:00")
    desk_of = sign_in(carol)
    assert words in text_of(desk_of.get(overview)) and words in text_of(desk_of.get(reverse("calendar")))
    assert words not in text_of(sign_in(bob).get(overview)), "reviewers cannot change it"
    shown = text_of(desk_of.get(reverse("calendar") + "?year=2027"))
    assert f"{words}. The statutory days hold until then. Once they are announced, set the days" in shown


def test_a_year_far_ahead_is_said_to_be_unknown_without_alarm(desk_of):
    markup = desk_of.get(reverse("calendar") + "?year=2029").content.decode()
    assert "2029 are not known yet" in markup and "note-warn" not in markup


def test_days_that_are_complete_end_the_warning(carol, sign_in, now):
    now("2026-12-01T10:00")
    desk_of = sign_in(carol)
    known = reverse("calendar-known")
    put(desk_of, "2027-02-11", is_workday="0", why="Notice")
    assert clock.unknown_year(calendar()) == 2027
    words = text_of(desk_of.post(known, {"year": "2027", "known": "1"}, follow=True))
    assert clock.unknown_year(calendar()) is None
    assert "not known yet" not in words and "all official days of 2027 are set" in words
    desk_of.post(known, {"year": "2027", "known": "1"})
    desk_of.post(known, {"year": "2027", "known": "0"})
    assert clock.unknown_year(calendar()) == 2027
    verbs = AuditEntry.objects.filter(verb__startswith="reviewdesk.").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["reviewdesk.year_known", "reviewdesk.year_unknown"]


@pytest.mark.parametrize(("year", "words"), [("2026", "2026 are known"), ("2030", "cannot be known yet")])
def test_only_a_year_soon_that_is_unknown_can_be_complete(desk_of, year, words):
    answer = desk_of.post(reverse("calendar-known"), {"year": year, "known": "1"}, follow=True)
    assert words in text_of(answer) and ReviewDesk.current().known_years == []


def test_what_is_no_year_is_not_found(desk_of):
    assert desk_of.post(reverse("calendar-known"), {"year": "soon", "known": "1"}).status_code == 404


# The command


def run(*words):
    out = StringIO()
    call_command("calendar", *words, stdout=out)
    return out.getvalue()


def test_command_shows_a_year():
    run("set", "2026-10-24", "workday", "--why", "Stocktaking")
    said = run("show", "2026")
    assert "The official days of 2026 are known." in said and "National Day" in said and "make-up workday" in said
    assert re.search(r"2026-10-24 +workday +set by the command line: Stocktaking", said)
    assert "2027 are not known" in run("show", "2027")
    assert "of 2026 are known" in run("show")


def test_command_sets_and_clears(carol):
    make.request(by=make.user(role=Role.OWNER))
    said = run("set", "2026-10-12", "off", "--why", "Moving", "--by", carol.email)
    assert said == "2026-10-12 is a day off. Due times moved: 1.\n"
    assert CalendarDay.objects.get().by == carol and AuditEntry.objects.get(verb="calendarday.set").by == carol
    assert run("clear", "2026-10-12") == "2026-10-12 is left to the public holidays. Due times moved: 1.\n"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("set", "tomorrow", "off", "--why", "x"), "is no day"),
        (("set", "2026-10-11", "off", "--why", "x"), "Begin with 12 October 2026"),
        (("set", "2026-10-24", "workday", "--why", " "), "Say why"),
        (("set", "2026-10-24", "holiday", "--why", "x"), "invalid choice"),
        (("set", "2026-10-24", "workday"), "--why"),
        (("set", "2026-10-24", "workday", "--why", "x", "--by", "nobody@example.com"), "No administrator"),
        (("clear", "2026-10-24"), "Nobody has set"),
        (("show", "1"), "Name a year from"),
        (("show", "now"), "invalid int"),
    ],
)
def test_command_says_what_is_wrong(words, problem):
    with pytest.raises(CommandError, match=problem):
        run(*words)
    assert not CalendarDay.objects.exists()


def test_command_takes_no_reviewer_for_an_administrator(bob):
    with pytest.raises(CommandError, match="No administrator"):
        run("set", "2026-10-24", "workday", "--why", "x", "--by", bob.email)


def test_command_checks_the_coming_year(now):
    assert "are known" in run("check")
    now("2026-11-02T00:00")
    with pytest.raises(CommandError, match="2027 are not known"):
        run("check")
