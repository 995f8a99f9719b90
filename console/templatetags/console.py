"""Tags and filters available in every template: shapes, states, strips, fields, dialogs (docs: look of the console).

Widths that depend on data become SVG attributes here, because the pages allow no style attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.models.review import ReviewState
from accounts.permissions import CAN, STAFF, TENANT
from console import figures
from console.lib import countries
from console.lib import text as sms
from sending.states import JobStatus, MessageState
from templates_app.models import Signature
from templates_app.models.stage import Stage, StageGroup

register = template.Library()

for name in ("num", "percent", "share", "when", "clock", "day", "deadline", "masked", "money"):
    register.filter(name, getattr(figures, name))
register.filter("country", countries.name)
register.simple_tag(figures.html_lang, name="html_lang")
register.simple_tag(figures.zone, name="zone")

# shape (symbol st-… of icons.svg) and tone (class is-… of console.css)
MESSAGE_LOOK = {state: (state.key, state.key) for state in MessageState} | {
    MessageState.INVALID: ("invalid", "invalid-row")
}
JOB_LOOK = {
    JobStatus.UPLOADED: ("submitting", "info"),
    JobStatus.CHECKED: ("accepted", "accepted"),
    JobStatus.UNREADABLE: ("invalid", "bad"),
    JobStatus.SCHEDULED: ("scheduled", "info"),
    JobStatus.SENDING: ("submitting", "submitting"),
    JobStatus.PAUSED: ("paused", "warn"),
    JobStatus.DONE: ("delivered", "delivered"),
    JobStatus.STOPPED: ("stopped", "idle"),
    JobStatus.CANCELLED: ("skipped", "skipped"),
}
REVIEW_LOOK = {
    ReviewState.DRAFT: ("queued", "queued"),
    ReviewState.WAITING: ("paused", "idle"),
    ReviewState.IN_REVIEW: ("scheduled", "info"),
    ReviewState.RETURNED: ("info", "warn"),
    ReviewState.APPROVED: ("delivered", "delivered"),
    ReviewState.REJECTED: ("rejected", "rejected"),
    ReviewState.WITHDRAWN: ("skipped", "skipped"),
    ReviewState.DISABLED: ("stopped", "idle"),
    ReviewState.INACTIVE: ("stopped", "rejected"),
}
STAGE_LOOK = {
    StageGroup.IN_REVIEW: ("scheduled", "info"),
    StageGroup.USABLE: ("delivered", "delivered"),
    StageGroup.PROCESSING: ("submitting", "submitting"),
    StageGroup.ASLEEP: ("paused", "warn"),
    StageGroup.REJECTED: ("rejected", "rejected"),
    StageGroup.ENDED: ("stopped", "idle"),
}
# Where the stage says more than its group.
ONE_STAGE_LOOK = {
    Stage.RETURNED: ("info", "warn"),
    Stage.REGISTRATION_FAILED: ("failed", "failed"),
    Stage.WITHDRAWN: ("skipped", "skipped"),
}
NOTE_LOOK = {
    "": ("info", "info"),
    "good": ("delivered", "delivered"),
    "warn": ("invalid", "warn"),
    "bad": ("failed", "failed"),
}
HATCHED = {"unknown": "h-unknown", "skipped": "h-skipped", "invalid": "h-invalid"}
TRACKED = frozenset({"queued"})  # drawn empty, so the strip needs an outline
UNHATCHED_HEIGHT = 12
DUE_SOON_SECONDS = 30 * 60
STRIP_MIN = 1.0  # percent of the width that a state with rows gets at least


@register.simple_tag
def icon(name: str) -> SafeString:
    """A line icon; put a word beside it."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("icons.svg"), name)


@register.simple_tag
def glyph(shape: str, tone: str = "") -> SafeString:
    """A state's shape; `tone` where the colour is not the shape's own ("warn", "bad", "info", "idle")."""
    tone = tone or ("invalid-row" if shape == "invalid" else shape)
    source = static("icons.svg")
    return format_html(
        '<svg class="glyph is-{}" aria-hidden="true"><use href="{}#st-{}"></use></svg>', tone, source, shape
    )


def _state(look: tuple[str, str], word: object, *, pill: bool) -> SafeString:
    return format_html('<span class="{}">{}{}</span>', "pill" if pill else "state", glyph(*look), word)


@register.simple_tag
def state(value: int, *, pill: bool = False) -> SafeString:
    """A message's state (a MessageState or its number): shape and word."""
    known = MessageState(value)
    return _state(MESSAGE_LOOK[known], known.label, pill=pill)


@register.simple_tag
def job_state(value: str, *, pill: bool = False) -> SafeString:
    """A job's state; a pill only beside a page title."""
    known = JobStatus(value)
    return _state(JOB_LOOK[known], known.label, pill=pill)


@register.simple_tag
def review_state(value: str, *, pill: bool = False, words: str = "") -> SafeString:
    """`words` where this kind of thing calls the state otherwise."""
    known = ReviewState(value)
    return _state(REVIEW_LOOK[known], words or known.label, pill=pill)


@register.simple_tag
def signature_stage(signature: Signature, *, pill: bool = False) -> SafeString:
    """Where a signature stands in all: review, channel number, sleep."""
    stage, group = signature.stage, signature.group
    return _state(ONE_STAGE_LOOK.get(stage, STAGE_LOOK[group]), stage.label, pill=pill)


@register.simple_tag
def due(value: datetime | None, *, countdown: bool = False) -> SafeString | str:
    """How long a reviewer has: "overdue 35 min", "due in 1 h 20 min" on the same day, else "due Mon 11:00".

    `countdown`: nothing where it would be the day.
    """
    if value is None:
        return ""
    left = (value - timezone.now()).total_seconds()
    if left < 0:
        words = _("overdue %(span)s") % {"span": _span(-left)}
        return format_html('<span class="due due-over">{}{}</span>', glyph("invalid", "bad"), words)
    words = _("due in %(span)s") % {"span": _span(left)}
    if left <= DUE_SOON_SECONDS:
        return format_html('<span class="due due-soon">{}{}</span>', glyph("scheduled", "warn"), words)
    if timezone.localtime(value).date() == timezone.localdate():
        return format_html('<span class="due">{}</span>', words)
    later = format_html(_("due {when}"), when=figures.deadline(value, "short"))
    return "" if countdown else format_html('<span class="due">{}</span>', later)


def _span(seconds: float) -> str:
    """Like `figures.span`, with both units named: a clock that people act on."""
    hours, minutes = divmod(int(seconds // 60), 60)
    if 1 <= hours < 48:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    return figures.span(seconds)


@register.simple_tag
def strip(rows: Iterable[tuple[MessageState | int | str, int]], *, height: int = 10, label: str = "") -> SafeString:
    """The ledger strip: `rows` are (state, number of rows) in STRIP_ORDER; states without rows take no place."""
    parts = [(_key(what), n) for what, n in rows if n > 0]
    edges = _edges([n for _key, n in parts])
    segments = [(_segment(key, edge, height),) for (key, _n), edge in zip(parts, edges, strict=True)]
    drawn = format_html_join("", "{}", segments)
    cuts = format_html_join(
        "", '<line x1="{0}%" x2="{0}%" y2="{1}"/>', ((f"{left:.2f}", height) for left, _right in edges[1:])
    )
    track = ""
    if not parts or TRACKED & {key for key, _n in parts}:
        track = format_html('<rect class="track" width="100%" height="{}" rx="4"/>', height)
    return format_html(
        '<svg class="strip" height="{}" role="img" aria-label="{}">{}{}{}</svg>',
        height,
        label or _("Rows by state"),
        drawn,
        cuts,
        track,
    )


def _key(what: MessageState | int | str) -> str:
    return what if isinstance(what, str) else MessageState(what).key


def _edges(numbers: Sequence[int]) -> list[tuple[float, float]]:
    """Left and right of each part in percent; the small ones are lifted to STRIP_MIN at the others' expense."""
    total = sum(numbers)
    if not total:
        return []
    small = [n * 100 / total < STRIP_MIN for n in numbers]
    rest = sum(n for n, is_small in zip(numbers, small, strict=True) if not is_small)
    left_over = 100 - STRIP_MIN * sum(small)
    widths = [STRIP_MIN if is_small else n * left_over / rest for n, is_small in zip(numbers, small, strict=True)]
    borders = [0.0]
    for width in widths:
        borders.append(borders[-1] + width)
    return list(pairwise(borders))


def _segment(key: str, edge: tuple[float, float], height: int) -> SafeString:
    left, right = f"{edge[0]:.2f}", f"{edge[1] - edge[0]:.2f}"
    if key in HATCHED and height > UNHATCHED_HEIGHT:
        return format_html('<rect fill="url(#{})" x="{}%" width="{}%" height="{}"/>', HATCHED[key], left, right, height)
    tone = "invalid-row" if key == "invalid" else key
    return format_html('<rect class="is-{}" x="{}%" width="{}%" height="{}"/>', tone, left, right, height)


@register.simple_tag
def meter(done: float, of: float, *, label: str, mark: float | None = None, tone: str = "") -> SafeString:
    """Progress: `done` of `of`; `mark` (same unit) is where the alarm stands; `tone` "warn" or "bad"."""
    share = min(100.0, done * 100 / of) if of else 0.0
    line = ""
    if mark is not None and of:
        line = format_html('<line class="mark" x1="{0}%" x2="{0}%" y2="8"/>', f"{min(100.0, mark * 100 / of):.1f}")
    return format_html(
        '<svg class="meter{}" height="8" role="img" aria-label="{}">'
        '<rect class="rail" x=".5" y=".5" width="100%" height="7" rx="3.5"/>'
        '<rect class="fill" width="{}%" height="8" rx="4"/>{}</svg>',
        f" is-{tone}" if tone else "",
        label,
        f"{share:.1f}",
        line,
    )


@register.simple_block_tag
def note(content: str, tone: str = "") -> SafeString:
    """{% note "warn" %}<strong>What.</strong> Why and what to do.{% endnote %}; tones: "" (info), good, warn, bad."""
    return format_html(
        '<div class="note{}">{}<p class="flex-fill">{}</p></div>',
        f" note-{tone}" if tone else "",
        glyph(*NOTE_LOOK[tone]),
        content,
    )


@register.inclusion_tag("parts/field.html")
def field(bound: BoundField, **attrs: Any) -> dict[str, Any]:
    """Label, help, control and errors of one form field; `attrs` go to the control (`placeholder="…"`, `lang="…"`)."""
    name = bound.id_for_label or bound.auto_id  # choices have no label of their own
    described = [f"{name}-help"] if bound.help_text else []
    described += [f"{name}-error"] if bound.errors else []
    kind = bound.widget_type
    choices = kind in ("radioselect", "checkboxselectmultiple")
    css = {"select": "form-select", "checkbox": "form-check-input"}.get(kind, "form-control")
    if choices:
        css = ""
    attrs = {key.replace("_", "-"): value for key, value in attrs.items()}
    attrs["class"] = " ".join(filter(None, [css, "is-invalid" if bound.errors else "", attrs.get("class", "")]))
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return {"bound": bound, "kind": kind, "choices": choices, "control": bound.as_widget(attrs=attrs)}


@register.inclusion_tag("parts/form_errors.html")
def form_errors(form: Any) -> dict[str, Any]:
    """What is wrong with the form as a whole, as a note above it."""
    return {"errors": form.non_field_errors()}


@register.inclusion_tag("parts/sort.html", takes_context=True)
def sort(context: dict[str, Any], key: str, words: str, *, css: str = "") -> dict[str, Any]:
    """A column head that sorts by `key`: `?sort=key`, and `?sort=-key` when chosen again. Keyset marks are dropped."""
    request = context["request"]
    now = request.GET.get("sort", context.get("sort", ""))
    chosen = now.removeprefix("-") == key
    query = request.GET.copy()
    for gone in ("after", "before", "sort"):
        query.pop(gone, None)
    query["sort"] = f"-{key}" if now == key else key
    direction = ("descending" if now.startswith("-") else "ascending") if chosen else ""
    return {"url": f"?{query.urlencode()}", "words": words, "direction": direction, "css": css}


@register.simple_tag(takes_context=True)
def whose_page(context: dict[str, Any]) -> str:
    """Whom the page asked for is meant for, by its policy: "enterprise", "platform", or "" for both or nobody knows."""
    match = getattr(context.get("request"), "resolver_match", None)
    roles = CAN.get(getattr(match and match.func, "policy", ""), frozenset())
    if not roles:
        return ""
    return "platform" if roles <= STAFF else "enterprise" if roles <= TENANT else ""


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """`?…` of this page with `changes`; None drops one. A changed filter starts the list again (`after` goes)."""
    values = context["request"].GET.copy()
    if "after" not in changes:
        values.pop("after", None)
    for name, value in changes.items():
        if value in (None, ""):
            values.pop(name, None)
        else:
            values[name] = str(value)
    return f"?{urlencode(list(values.lists()), doseq=True)}" if values else context["request"].path


@register.simple_tag
def coded(pieces: Iterable[tuple[str, str]], variables: Iterable[Any] = ()) -> SafeString:
    """A template's text with its variables shown as codes; `pieces` and `variables` as of TemplateVersion.

    Without `variables`, those written in the older way are shown by their number.
    """
    codes = _codes(variables)
    return format_html_join(
        "",
        "{}",
        (
            (format_html('<span class="var-code">{}</span>', codes(part)) if kind == "variable" else part,)
            for kind, part in pieces
        ),
    )


def _codes(variables: Iterable[Any]) -> Callable[[str], str]:
    """From a variable's name to how it stands in the text."""
    known = {variable.name: variable.code for variable in variables}
    return lambda name: known.get(name, f"${{{name}}}")


@register.inclusion_tag("parts/bubble.html")
def bubble(
    pieces: Iterable[tuple[str, str]],
    values: Mapping[str, str] | Sequence[str] = (),
    *,
    head: str = "",
    variables: Iterable[Any] = (),
    mainland: bool = True,
) -> dict[str, Any]:
    """The message as a phone shows it: rendered, values marked, a small number where the next segment begins.

    `head`: the signature in its brackets. `values` by variable name or in order; a variable without a value stands as
    its code, as `variables` write it.
    """
    by_name = values if isinstance(values, Mapping) else {str(i): value for i, value in enumerate(values, 1)}
    codes = _codes(variables or ())
    shown = [("text", head)] if head else []
    for kind, part in pieces:
        value = by_name.get(part) if kind == "variable" else None
        shown.append(("text", part) if kind == "text" else ("value", value) if value else ("code", codes(part)))
    whole = "".join(part for _kind, part in shown)
    breaks = _segment_starts(whole, mainland=mainland)
    return {
        "html": mark_safe("".join(_with_breaks(shown, breaks))),  # noqa: S308 every part below is escaped
        "characters": len(whole),
        "segments": len(breaks) + 1,
        "lang": "zh-Hans" if mainland else "",
    }


def _segment_starts(whole: str, *, mainland: bool) -> list[int]:
    alphabet = sms.alphabet(whole, mainland=mainland)
    starts, at = [], 0
    for body in sms.split(whole, alphabet)[:-1]:
        at += len(body.decode("utf-16-be", "replace") if alphabet is sms.Alphabet.UCS2 else sms.decode_gsm7(body))
        starts.append(at)
    return starts


def _with_breaks(shown: list[tuple[str, str]], breaks: list[int]) -> Iterable[str]:
    wrap = {"text": "{}", "value": "<mark>{}</mark>", "code": '<span class="var-code">{}</span>'}
    at, number, waiting = 0, 2, list(breaks)
    for kind, part in shown:
        end = at + len(part)
        while waiting and waiting[0] < end:
            cut = waiting.pop(0)
            if cut > at:
                yield format_html(wrap[kind], part[: cut - at])
                part, at = part[cut - at :], cut
            yield format_html('<span class="seg-break">{}</span>', number)
            number += 1
        yield format_html(wrap[kind], part)
        at = end
