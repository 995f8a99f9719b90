"""How figures, times and numbers are written on pages: `1,034,342`, `99.1 %`, `14 Nov 15:44`, `138****5678`."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import get_timezone_name
from django.utils import timezone, translation
from django.utils.dateformat import format as write_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from console.lib import phone


def is_chinese() -> bool:
    return (translation.get_language() or "").startswith("zh")


def html_lang() -> str:
    """The page's language as HTML names it."""
    return "zh-Hans" if is_chinese() else "en"


def num(value: Any) -> str:
    """1034342 → "1,034,342"; the same in both languages."""
    return "" if value is None or value == "" else f"{value:,}"


def percent(value: float | None) -> str:
    """99.06 → "99.1 %"; what is above zero never shows as 0, what is below 100 never as 100."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    if value < 0.1:
        return "< 0.1 %"
    if 99.95 <= value < 100:
        return "> 99.9 %"
    return f"{value:.1f} %"


def share(part: int, whole: int) -> str:
    """`part` of `whole` in percent."""
    return percent(part * 100 / whole if whole else 0.0)


def money(value: Decimal | float | None) -> str:
    return "" if value is None else f"¥{value:,.2f}"


def when(value: datetime | None, how: str = "") -> SafeString | str:
    """`15:44` today, `14 Nov 15:44` this year, else with the year; in the person's zone. `how="s"`: with seconds."""
    if value is None:
        return ""
    local, now = timezone.localtime(value), timezone.localtime()
    hours = "H:i:s" if how == "s" else "H:i"
    written = write_date(local, hours)
    if local.date() != now.date():
        written = f"{day(value)} {written}"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), written)


def deadline(value: datetime | None, how: str = "") -> SafeString | str:
    """A time by which something is promised, with its weekday: `Mon 23 Nov, 11:00`, `11月23日 周一 11:00`.

    `how="short"`: without the date in the six days to come, `Mon 11:00`.
    """
    if value is None:
        return ""
    local = timezone.localtime(value)
    weekday, hour = write_date(local, "D"), write_date(local, "H:i")
    if how == "short" and timedelta(0) <= local.date() - timezone.localdate() < timedelta(days=7):
        written = f"{weekday} {hour}"
    else:
        written = f"{day(value)} {weekday} {hour}" if is_chinese() else f"{weekday} {day(value)}, {hour}"
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="seconds"), written)


def span(seconds: float) -> str:
    """A length of time in short: `16 min`, `1 h 04`, `3 d`; whole minutes, begun ones not counted."""
    minutes = int(seconds // 60)
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    if minutes < 48 * 60:
        return _("%(hours)d h %(minutes)02d") % {"hours": minutes // 60, "minutes": minutes % 60}
    return _("%(days)d d") % {"days": minutes // (24 * 60)}


def clock(value: datetime | None) -> str:
    """The time of day with seconds: `15:31:40`."""
    return "" if value is None else write_date(timezone.localtime(value), "H:i:s")


def day(value: datetime | None) -> str:
    """`14 Nov` or `11月14日`, with the year unless it is this one."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    this_year = local.year == timezone.localtime().year
    if is_chinese():
        return write_date(local, "n月j日" if this_year else "Y年n月j日")
    return write_date(local, "j M" if this_year else "j M Y")


def weekday(local: datetime) -> str:
    """`Monday, 30 November` or `11月30日 星期一`, in the zone that the time itself is in."""
    return write_date(local, "n月j日 l" if is_chinese() else "l, j F")


def masked(number: str | None) -> str:
    """`138****5678`."""
    return phone.mask(number) if number else ""


def zone() -> str:
    """The zone in which the page shows times: "China Standard Time (UTC+8)"."""
    now = timezone.localtime()
    name = get_timezone_name(now, locale="zh_Hans" if is_chinese() else "en")
    minutes = int((now.utcoffset() or timedelta()).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{name} (UTC{'+' if minutes >= 0 else '-'}{hours}{f':{rest:02}' if rest else ''})"
