"""What a job takes, as one list of lines to which whatever else counts is added: segments and why, nights, its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.figures import num, when
from sending import quiet, slowness
from sending.forms import ConfirmForm
from sending.intake import problems
from sending.models import SendJob
from sending.places import row_words
from sending.views import figures
from sending.views.findings import Findings

SIZES = 5  # lines by size; longer messages share the last


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of the panel; `note` says why, below it."""

    label: str
    value: str | SafeString
    note: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """How the messages of a job would go if it began then, so many segments a second."""

    begins: datetime
    ends: datetime
    a_second: int
    effect: quiet.Effect | None


@dataclass(frozen=True, slots=True)
class Takes:
    lines: list[Line]
    notes: list[str]  # what people should think of before they confirm


def takes(job: SendJob, found: Findings, form: ConfirmForm | None = None) -> Takes:
    """By what stands in `form`, which was looked through (`is_valid`); else for sending now, as fast as can be."""
    chosen = form.cleaned_data if form and form.is_bound else {}
    course = _course(job, found, at=chosen.get("at"), limit=chosen.get("speed_limit"))
    lines = [*_sizes(found), _total(job, found), *_alphabets(job, found), *_way(course)]
    return Takes(lines, list(_notes(job, course, chosen.get("at"), chosen.get("until"))))


def _sizes(found: Findings) -> Iterator[Line]:
    sizes = found.segments
    shown = sizes if len(sizes) <= SIZES else sizes[: SIZES - 1]
    for size, many in shown:
        label = ngettext("%(n)s segment", "%(n)s segments", size) % {"n": size}
        yield Line(label, _messages(many))
    if rest := sizes[len(shown) :]:
        label = _("%(least)s to %(most)s segments") % {"least": rest[0][0], "most": rest[-1][0]}
        yield Line(label, _messages(sum(many for _size, many in rest)))


def _total(job: SendJob, found: Findings) -> Line:
    note = ""
    if job.application.is_mainland:
        note = _("On the mainland 70 characters fit into one segment, 67 into each of several (UCS-2).")
    elif not found.summary["alphabets"].get("ucs2"):
        note = _("GSM-7: 160 characters fit into one segment, 153 into each of several.")
    return Line(_("Segments"), num(found.segments_total), note, strong=True)


def _alphabets(job: SendJob, found: Findings) -> Iterator[Line]:
    """Abroad, where one character may double a message."""
    alphabets = found.summary["alphabets"]
    if job.application.is_mainland or not alphabets.get("ucs2"):
        return
    if alphabets.get("gsm7"):
        note = _("160 characters fit into one segment, 153 into each of several.")
        yield Line(_("In GSM-7"), _messages(alphabets["gsm7"]), note)
    note = _("70 characters fit into one segment, 67 into each of several.")
    yield Line(_("In UCS-2"), _messages(alphabets["ucs2"]), f"{note} {_why(job, found)}".strip())


def _why(job: SendJob, found: Findings) -> str:
    """The first character that GSM-7 lacks."""
    why = found.summary.get("why_ucs2") or {}
    if not why.get("character"):
        return ""
    if not why.get("row"):
        return _("Because of “%(character)s” in the text.") % {"character": why["character"]}
    named = {variable.name: problems.named(variable.code, variable.meaning) for variable in job.version.typed_variables}
    return _("The first because of “%(character)s” in %(variable)s, %(row)s.") % {
        "character": why["character"],
        "variable": named.get(why.get("in", ""), ""),
        "row": row_words(why["row"], why.get("file", 1)),
    }


def _course(job: SendJob, found: Findings, *, at: datetime | None, limit: int | None) -> Course | None:
    """None where no carrier serves the region, or nothing is to be sent."""
    rate = slowness.way(job.application.region).rate
    if not rate or not found.segments_total:
        return None
    a_second = min(rate, limit or rate)
    begins = at or timezone.now()
    ends = begins + timedelta(seconds=found.segments_total / a_second)
    messages = a_second * found.sendable / found.segments_total
    if quiet.applies(job):
        countries = {quiet.MAINLAND: found.sendable} if job.application.is_mainland else found.countries
        ends = quiet.course(countries, begins=begins, a_second=messages).ends_at
    return Course(begins, ends, a_second, quiet.effect(job, found.countries, at, a_second=messages))


def _way(course: Course | None) -> Iterator[Line]:
    if course is None:
        return
    if course.effect:
        yield Line(_("Held up by the night"), _messages(course.effect.waiting), course.effect.text)
    label = ngettext("At %(n)s segment a second", "At %(n)s segments a second", course.a_second)
    words = format_html(
        _("{duration}, until {time}"),
        duration=figures.duration((course.ends - course.begins).total_seconds()),
        time=when(course.ends),
    )
    yield Line(label % {"n": num(course.a_second)}, words, strong=True)


def _notes(job: SendJob, course: Course | None, at: datetime | None, until: datetime | None) -> Iterator[str]:
    if not quiet.applies(job):
        yield from filter(None, [quiet.advice(at or timezone.now(), timezone.get_current_timezone())])
    if course and until and course.begins < until < course.ends:
        yield _("At this speed it is not over by the time after which nothing leaves: the rest is withheld then.")


def _messages(many: int) -> str:
    return ngettext("%(n)s message", "%(n)s messages", many) % {"n": num(many)}
