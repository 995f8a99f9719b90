"""Bars per day as an SVG: x in percent and y in px, so that text never scales. The same figures stand in a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sending.states import MessageState as S

# What the legend names, bottom to top: series, its look, the states it sums.
SERIES: tuple[tuple[str, tuple[S, ...]], ...] = (
    ("delivered", (S.DELIVERED,)),
    ("failed", (S.FAILED, S.REJECTED, S.EXPIRED)),
    ("unknown", (S.UNKNOWN,)),
    ("accepted", (S.ACCEPTED, S.SUBMITTING)),
)
BASE = 154.0
TOP = 14.0
STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Piece:
    css: str
    x: str
    width: str
    y: str
    height: str


@dataclass(frozen=True, slots=True)
class Tick:
    y: str
    text_y: str
    words: str
    is_base: bool


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    x: str
    shown_on_phones: bool
    figures: list[int]  # in the order of SERIES
    total: int


@dataclass(frozen=True, slots=True)
class Chart:
    pieces: list[Piece]
    ticks: list[Tick]
    days: list[Day]
    totals: list[int]
    total: int


def per_day(days: Iterable[tuple[date, Mapping[S, int]]]) -> Chart:
    """Stacked bars, one a day; every series with messages gets at least one pixel."""
    table = [(day, [sum(counts.get(s, 0) for s in states) for _css, states in SERIES]) for day, counts in days]
    highest = max((sum(figures) for _day, figures in table), default=0)
    scale = _scale(highest)
    slot = 100 / max(1, len(table))
    pieces, shown = [], []
    for i, (day, figures) in enumerate(table):
        pieces += _bar(figures, x=(i + 0.19) * slot, width=slot * 0.62, top=scale[-1])
        middle = f"{(i + 0.5) * slot:.2f}%"
        shown.append(Day(day, middle, i % 2 == 0, figures, sum(figures)))
    ticks = [Tick(f"{_y(n, scale[-1]):.1f}", f"{_y(n, scale[-1]) + 4:.1f}", _short(n), is_base=n == 0) for n in scale]
    totals = [sum(figures[i] for _day, figures in table) for i in range(len(SERIES))]
    return Chart(pieces, ticks, shown, totals, sum(totals))


def _bar(figures: list[int], *, x: float, width: float, top: float) -> list[Piece]:
    pieces, floor = [], BASE - 1
    for (css, _states), n in zip(SERIES, figures, strict=True):
        if n:
            tall = max(1.0, n / top * (BASE - TOP))
            floor -= tall
            pieces.append(Piece(f"is-{css}", f"{x:.2f}%", f"{width:.2f}%", f"{floor:.1f}", f"{tall:.1f}"))
    return pieces


def _y(n: float, top: float) -> float:
    return BASE - n / top * (BASE - TOP)


def _scale(highest: int) -> list[float]:
    """Three or four round numbers from 0 on, the last at least `highest`."""
    if highest <= 3:
        return [0, 1, 2, 3]
    size = 1
    while True:
        for step in (step * size for step in STEPS):
            if step * 3 >= highest and step == int(step):
                return [0, step, 2 * step, 3 * step]
        size *= 10


def _short(n: float) -> str:
    """0, 500, 20k, 1.5M: what fits beside the axis."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if n >= size:
            return f"{n / size:g}{letter}"
    return f"{n:g}"
