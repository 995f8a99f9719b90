"""Which column holds the number, and which the value of each variable. Knows no Django.

By what the person asked for, else by what was remembered of such a sheet, else by the headers' words (either language),
else by what stands in the columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from console.lib.sheets import as_text, letter
from console.lib.values import Variable
from sending.intake.headers import (
    HEADER_MAX,
    JUNK,
    NUMBER_RANK,
    Rows,
    Top,
    forms,
    headers_digest,
    is_number,
    split,
    whole,
)

__all__ = ["Columns", "ColumnFault", "choose_top", "find", "forms", "headers_digest"]

# How a column was found: asked for, remembered, by its heading's words, by what stands in it, as the next one in order.
WISH, REMEMBERED, HEADING, CONTENT, ORDER = "wish", "remembered", "heading", "content", "order"
# Headers of the two columns that a file of refused rows has beside the person's own: what `sending.views.files` writes
# there in any of the languages ("Row in the file", "Reason").
ROW_HEADERS = frozenset({"Row in the file", "文件行号"})
REASON_HEADERS = frozenset({"Reason", "原因"})

Wish = str | int | None


class ColumnFault(Exception):
    """The columns cannot be told; `detail` holds what the sentence about it needs.

    `code`: no_number_column, number_column_twice, variable_without_column, unknown_column.
    """

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Columns:
    """Indexes into a row's cells; `values` in the variables' order; `first_row` the first row that is a recipient's;
    `label` where the file of refused rows says which row it was.

    `ways` says how the number's column was found and then each value's: WISH, REMEMBERED, HEADING, CONTENT or ORDER.
    """

    number: int
    values: tuple[int, ...]
    headers: tuple[str, ...]
    first_row: int
    ways: tuple[str, ...] = ()
    label: int | None = None

    def found_by(self, variables: Sequence[Variable]) -> dict[str, Any]:
        """{"number": way, "values": {name: way}}."""
        named = {v.name: way for v, way in zip(variables, self.ways[1:], strict=True)}
        return {"number": self.ways[0], "values": named}

    def described(self, variables: Sequence[Variable]) -> dict[str, Any]:
        """{"number": header, "values": {name: header}}, for people."""
        named = {v.name: self.headers[index] for v, index in zip(variables, self.values, strict=True)}
        return {"number": self.headers[self.number], "values": named}

    def mapping(self, variables: Sequence[Variable], top: Top) -> dict[str, Any]:
        """What to remember of it, for `find`: columns as numbers, 0 for A."""
        named = {v.name: top.first_column + index for v, index in zip(variables, self.values, strict=True)}
        return {
            "headers": top.digest,
            "header": bool(top.header_row),
            "number": top.first_column + self.number,
            "values": named,
        }


def choose_top(
    sample: Rows,
    wanted: Mapping[str, Any],
    remembered: Sequence[Mapping[str, Any]] = (),
    *,
    first_column: int,
    mainland: bool,
) -> tuple[Top, Mapping[str, Any]]:
    """The first rows of the sheet (`sample`: row number, cells), divided; and what is remembered of such a sheet.

    `wanted["header"]`, where it is there, says whether there is a row of headers. `remembered`: {"headers": digest,
    "header": bool, "number": column, "values": {variable's name: column}}, the latest first.
    """
    header = wanted.get("header")
    for entry in remembered:
        if header is None or header == entry.get("header"):
            top = split(sample, header=bool(entry.get("header")), first_column=first_column, mainland=mainland)
            if top.digest == entry.get("headers") and _still_holds(entry, top, mainland=mainland):
                return top, entry
    return split(sample, header=header, first_column=first_column, mainland=mainland), {}


def _still_holds(entry: Mapping[str, Any], top: Top, *, mainland: bool) -> bool:
    """Whether the sheet has the remembered columns; without headers, whether the numbers still stand in theirs."""
    places = [entry.get("number"), *(entry.get("values") or {}).values()]
    indexes = [place - top.first_column for place in places if isinstance(place, int)]
    if len(indexes) < len(places) or not all(0 <= index < len(top.headers) for index in indexes):
        return False
    return bool(top.header_row) or share(top, indexes[0], mainland=mainland) > 0.5


def find(
    top: Top,
    variables: Sequence[Variable],
    wanted: Mapping[str, Any],
    remembered: Mapping[str, Any] | None = None,
    *,
    mainland: bool,
    refers: bool = False,
) -> Columns:
    """The columns of the sheet with this top. Raises ColumnFault.

    `wanted`, where it names columns ("number", "values": by header, letter or number, 0 for A), outranks everything,
    and the `remembered` entry all the rest. `refers`: the file may be one of refused rows, corrected.
    """
    label, reason = _of_refused_rows(top, variables) if refers else (None, None)
    search = _Search(top, mainland, frozenset(index for index in (label, reason) if index is not None))
    entry = remembered or {}
    number = search.number(variables, wanted.get("number"), entry.get("number"))
    values = search.values(variables, wanted.get("values") or {}, entry.get("values") or {}, number)
    ways = (search.ways[""], *(search.ways[variable.name] for variable in variables))
    return Columns(number, values, top.headers, top.first_row, ways, label)


def _of_refused_rows(top: Top, variables: Sequence[Variable]) -> tuple[int | None, int | None]:
    """The columns of the row's label and of the reason: the last ones of these headers, for they stand at the end.

    Without a label, a column “Reason” is a variable's where one has such a meaning.
    """
    said = [whole(title) for title in top.titles]
    label, reason = (
        max((index for index, text in enumerate(said) if text in set(map(whole, words))), default=None)
        for words in (ROW_HEADERS, REASON_HEADERS)
    )
    if label is None and reason is not None and forms(top.titles[reason]) & set().union(*_meant(variables).values()):
        reason = None
    return label, reason


def _meant(variables: Sequence[Variable]) -> dict[str, set[str]]:
    """What a header of each variable's column may say, by the variable's name.

    Older codes such as ${TXT_8} carry no number and may stand twice: then they name nothing.
    """
    codes = Counter(variable.code for variable in variables)
    meant = {}
    for variable in variables:
        name = variable.name.casefold()
        named = {name, f"${{{name}}}", f"变量{name}", f"变量${{{name}}}", f"variable{name}", f"var{name}"}
        if variable.code and codes[variable.code] == 1:
            bare = JUNK.sub("", variable.code.casefold())
            named |= {bare, bare.removeprefix("${").removesuffix("}")}
        meant[variable.name] = named | forms(variable.meaning)
    return meant


@dataclass(slots=True)
class _Search:
    top: Top
    mainland: bool
    barred: frozenset[int]  # columns that are taken only when asked for
    ways: dict[str, str] = field(default_factory=dict)  # by variable; "" for the number

    def number(self, variables: Sequence[Variable], wanted: Wish, remembered: int | None) -> int:
        if wanted is not None and wanted != "":
            self.ways[""] = WISH
            return self._named(wanted)
        if remembered is not None:
            self.ways[""] = REMEMBERED
            return remembered - self.top.first_column
        taken: set[str] = set().union(*_meant(variables).values())
        found = []
        for index, header in enumerate(self.top.titles):
            said = forms(header)
            ranks = [NUMBER_RANK[word] for word in said & NUMBER_RANK.keys()]
            if ranks and index not in self.barred:
                found.append((bool(said & taken), -self._share(index), min(ranks), index))
        if found:
            self.ways[""] = HEADING
            found.sort()
            best = found[0]
            headers = self.top.headers
            if len(found) > 1 and found[1][:3] == best[:3] and headers[found[1][3]] == headers[best[3]]:
                raise ColumnFault("number_column_twice", column=headers[best[3]])
            return best[3]
        shares = [(self._share(index), -index) for index in self._columns()]
        part, index = max(shares, default=(0.0, 0))
        if part <= 0.5:
            raise ColumnFault("no_number_column", headers=self._shown())
        self.ways[""] = CONTENT
        return -index

    def values(
        self, variables: Sequence[Variable], wanted: Mapping[str, Wish], remembered: Mapping[str, int], number: int
    ) -> tuple[int, ...]:
        names = {variable.name for variable in variables}
        wishes = {name: wish for name, wish in wanted.items() if name in names and wish is not None and wish != ""}
        chosen = {name: self._named(wish) for name, wish in wishes.items()}
        self.ways |= dict.fromkeys(chosen, WISH)
        # What was wished for now may be where something else was then.
        busy = {number, *chosen.values()}
        for name, column in remembered.items():
            index = column - self.top.first_column
            if name in names and name not in chosen and index not in busy:
                chosen[name], self.ways[name] = index, REMEMBERED
        free = [index for index in self._columns() if index != number and index not in chosen.values()]
        self._by_headers(variables, chosen, free)
        if not chosen:
            filled = [index for index in free if index < len(self.top.titles) or self._filled(index)]
            if len(filled) == len(variables):
                chosen = {variable.name: index for variable, index in zip(variables, filled, strict=True)}
                self.ways |= dict.fromkeys(chosen, ORDER)
        missing = [v for v in variables if v.name not in chosen]
        if missing:
            raise ColumnFault(
                "variable_without_column",
                variables=[{"name": v.name, "meaning": v.meaning, "code": v.code} for v in missing],
                headers=self._shown(),
            )
        return tuple(chosen[v.name] for v in variables)

    def _by_headers(self, variables: Sequence[Variable], chosen: dict[str, int], free: list[int]) -> None:
        """Add to `chosen` what the headers say, taking it from `free`: those that say nothing else first."""
        said = {index: forms(header) for index, header in enumerate(self.top.titles) if index in free}
        words = _meant(variables)
        for exact in (True, False):
            for variable in variables:
                meant = words[variable.name]
                for index in free:
                    hit = whole(self.top.headers[index]) in meant if exact else bool(said.get(index, set()) & meant)
                    if variable.name not in chosen and index in said and hit:
                        chosen[variable.name], self.ways[variable.name] = index, HEADING
                        free.remove(index)
                        break

    def _columns(self) -> list[int]:
        return [index for index in range(len(self.top.headers)) if index not in self.barred]

    def _shown(self) -> list[str]:
        return [header[:40] for header in self.top.headers[:20]]

    def _named(self, wanted: str | int) -> int:
        """The column of that number, that header, or that letter. Raises ColumnFault."""
        first, width = self.top.first_column, len(self.top.headers)
        if isinstance(wanted, int):
            if 0 <= wanted - first < width:
                return wanted - first
            raise ColumnFault("unknown_column", column=letter(max(wanted, 0)), headers=self._shown())
        folded = wanted.strip()[:HEADER_MAX].casefold()
        found = [index for index, header in enumerate(self.top.titles) if header.casefold() == folded]
        if len(found) > 1:
            raise ColumnFault("number_column_twice", column=wanted[:40])
        if found:
            return found[0]
        for index in range(width):
            if letter(first + index).casefold() == folded:
                return index
        raise ColumnFault("unknown_column", column=wanted[:40], headers=self._shown())

    def _filled(self, index: int) -> bool:
        return any(index < len(cells) and as_text(cells[index]) for _, cells in self.top.body)

    def _share(self, index: int) -> float:
        return share(self.top, index, mainland=self.mainland)


def share(top: Top, index: int, *, mainland: bool) -> float:
    """Part of the column's first cells that are numbers, 0 to 1."""
    cells = [cells[index] for _, cells in top.body if index < len(cells) and as_text(cells[index])]
    return sum(is_number(cell, mainland=mainland) for cell in cells) / len(cells) if cells else 0.0
