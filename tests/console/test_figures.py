from datetime import UTC, datetime

import pytest
import time_machine
from django.utils import timezone, translation

from console import figures

NOON = datetime(2025, 11, 14, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


@pytest.mark.parametrize(("value", "written"), [(0, "0"), (999, "999"), (1034342, "1,034,342"), (None, ""), ("", "")])
def test_num(value, written):
    assert figures.num(value) == written


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [
        (0, 10, "0"),
        (0, 0, "0"),
        (1, 100_000, "< 0.1 %"),
        (1, 2, "50.0 %"),
        (9_999_999, 10_000_000, "> 99.9 %"),
        (7, 7, "100.0 %"),
    ],
)
def test_share_is_never_rounded_to_nothing_or_all(part, whole, written):
    assert figures.share(part, whole) == written


@pytest.mark.parametrize(
    ("at", "english", "chinese"),
    [
        (datetime(2025, 11, 14, 7, 44, tzinfo=UTC), "15:44", "15:44"),
        (datetime(2025, 11, 13, 7, 44, tzinfo=UTC), "13 Nov 15:44", "11月13日 15:44"),
        (datetime(2025, 11, 13, 16, 30, tzinfo=UTC), "00:30", "00:30"),  # already today in Shanghai
        (datetime(2024, 1, 2, 3, 4, tzinfo=UTC), "2 Jan 2024 11:04", "2024年1月2日 11:04"),
    ],
)
def test_when_is_told_in_the_zone_and_language_of_the_person(at, english, chinese):
    with time_machine.travel(NOON, tick=False), timezone.override("Asia/Shanghai"):
        with translation.override("en"):
            assert f">{english}</time>" in figures.when(at)
        with translation.override("zh-hans"):
            assert f">{chinese}</time>" in figures.when(at)


def test_zone_is_named():
    with timezone.override("Asia/Shanghai"), translation.override("en"):
        assert figures.zone() == "China Standard Time (UTC+8)"
    with timezone.override("Asia/Kolkata"), translation.override("en"):
        assert figures.zone().endswith("(UTC+5:30)")


def test_numbers_are_masked():
    assert figures.masked("+8613812345678").endswith("5678")
    assert "1234" not in figures.masked("+8613812345678")
    assert figures.masked("") == ""


@pytest.mark.parametrize(
    ("at", "long", "short", "chinese"),
    [
        (datetime(2025, 11, 17, 3, 0, tzinfo=UTC), "Mon 17 Nov, 11:00", "Mon 11:00", "11月17日 星期一 11:00"),
        (datetime(2025, 11, 21, 3, 0, tzinfo=UTC), "Fri 21 Nov, 11:00", "Fri 21 Nov, 11:00", "11月21日 星期五 11:00"),
        (datetime(2025, 11, 13, 3, 0, tzinfo=UTC), "Thu 13 Nov, 11:00", "Thu 13 Nov, 11:00", "11月13日 星期四 11:00"),
        (
            datetime(2026, 1, 5, 3, 0, tzinfo=UTC),
            "Mon 5 Jan 2026, 11:00",
            "Mon 5 Jan 2026, 11:00",
            "2026年1月5日 星期一 11:00",
        ),
    ],
)
@time_machine.travel(NOON, tick=False)
def test_deadlines_name_the_weekday(at, long, short, chinese):
    assert f">{long}<" in figures.deadline(at) and f">{short}<" in figures.deadline(at, "short")
    with translation.override("zh-hans"):
        assert f">{chinese}<" in figures.deadline(at)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0 min"), (59, "0 min"), (60 * 59, "59 min"), (3840, "1 h 04"), (86400, "24 h 00"), (3 * 86400, "3 d")],
)
def test_spans(seconds, written):
    assert figures.span(seconds) == written
