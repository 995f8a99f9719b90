"""Which column holds the number, and which the value of each variable. Knows no Django.

By what the person asked for, else by the headers' words (either language), else by what stands in the columns.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from console.lib import phone
from console.lib.sheets import Cell, as_text, letter
from console.lib.values import Variable

SAMPLE = 60  # rows looked at
# How a column was found: asked for, by its heading's words, by what stands in it, as the next one in order.
WISH, HEADING, CONTENT, ORDER = "wish", "heading", "content", "order"
HEADER_MAX = 100  # characters of a header that are kept and compared
_TITLE_ROWS = 5  # rows above the headers that may hold a title

# The more certain words first: where several columns could be meant, the first word decides.
_NUMBER_WORDS = """
手机号 手机号码 接收号码 接收手机号 接收人手机号 用户手机号 客户手机号 会员手机号 联系手机 移动电话
mobilenumber mobilephone mobilephonenumber mobile mobileno cellphone cellphonenumber cell msisdn
phonenumber phone phoneno 手机 recipientnumber recipient recipientphone
telephone telephonenumber tel 电话号码 联系电话 电话 联系方式 号码 number to
"""
_RANK = {word: rank for rank, word in enumerate(_NUMBER_WORDS.split())}
_JUNK = re.compile(r"[\s:：*＊_\-#.。\"'“”]+")
_CUTS = re.compile(r"[/|、,，;；()（）\[\]【】\n]+")
_SCRIPTS = re.compile(r"[\u3400-\u9fff]+|[^\u3400-\u9fff]+")


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
    """Indexes into a row's cells; `values` in the variables' order; `first_row` the first row that is a recipient's.

    `ways` says how the number's column was found and then each value's: WISH, HEADING, CONTENT or ORDER.
    """

    number: int
    values: tuple[int, ...]
    headers: tuple[str, ...]
    first_row: int
    ways: tuple[str, ...] = ()

    def found_by(self, variables: Sequence[Variable]) -> dict[str, Any]:
        """{"number": way, "values": {name: way}}."""
        named = {v.name: way for v, way in zip(variables, self.ways[1:], strict=True)}
        return {"number": self.ways[0], "values": named}

    def described(self, variables: Sequence[Variable]) -> dict[str, Any]:
        """{"number": header, "values": {name: header}}: what a job's `wanted_columns` looks like as well."""
        named = {v.name: self.headers[index] for v, index in zip(variables, self.values, strict=True)}
        return {"number": self.headers[self.number], "values": named}


def find(
    sample: Sequence[tuple[int, Sequence[Cell]]],
    variables: Sequence[Variable],
    wanted: Mapping[str, Any],
    *,
    first_column: int,
    mainland: bool,
) -> Columns:
    """The columns of the sheet whose first rows are `sample` (row number, cells); `first_column` is 0 for A.

    Raises ColumnFault. `wanted`, where it names columns (by header or letter), outranks everything.
    """
    width = max((len(cells) for _, cells in sample), default=0)
    titles, body, first_row = _split(sample, mainland=mainland)
    headers = tuple(
        (_shortened(titles[index]) if index < len(titles) else "") or letter(first_column + index)
        for index in range(width)
    )
    search = _Search(headers, titles, body, width, first_column, mainland)
    number = search.number(variables, wanted.get("number") or "")
    values = search.values(variables, wanted.get("values") or {}, number)
    ways = (search.ways[""], *(search.ways[variable.name] for variable in variables))
    return Columns(number, values, headers, first_row, ways)


def _split(
    sample: Sequence[tuple[int, Sequence[Cell]]], *, mainland: bool
) -> tuple[Sequence[Cell], list[Sequence[Cell]], int]:
    """(header cells, rows below, number of the first of these). No headers: the first row has a number already."""
    if not sample:
        raise ColumnFault("no_number_column", headers=[])
    header: int | None = 0
    for index, (_, cells) in enumerate(sample[:_TITLE_ROWS]):
        if any(forms(as_text(cell)) & _RANK.keys() for cell in cells):
            header = index
            break
        numbers = [column for column, cell in enumerate(cells) if _is_number(cell, mainland=mainland)]
        if numbers:
            # Words unknown: the first row, and no other, so that no recipient with a broken number passes for a header.
            header = 0 if index and _is_title(sample[0][1], numbers[0], mainland=mainland) else None
            break
    if header is None:
        return (), [cells for _, cells in sample], sample[0][0]
    row, titles = sample[header]
    return titles, [cells for _, cells in sample[header + 1 :]], row + 1


def _shortened(cell: Cell) -> str:
    return as_text(cell)[:HEADER_MAX]


def _is_title(cells: Sequence[Cell], column: int, *, mainland: bool) -> bool:
    """Whether the row stands above a column of numbers without being a recipient's row with a broken number."""
    if column >= len(cells):
        return True
    found = phone.normalise(as_text(cells[column]), mainland=mainland)
    return found in (phone.Fault.LETTERS, phone.Fault.MISSING)


def _is_number(cell: Cell, *, mainland: bool) -> bool:
    if not isinstance(cell, (str, int, float)):
        return False
    return isinstance(phone.normalise(cell, mainland=mainland), phone.Number)


def forms(text: str) -> set[str]:
    """The ways to understand a header: as a whole, and each side of a bilingual one, without spaces and case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    parts = [folded]
    for piece in _CUTS.split(folded):
        parts.append(piece)
        parts += _SCRIPTS.findall(piece)
    return {bare for part in parts if (bare := _JUNK.sub("", part))}


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
            bare = _JUNK.sub("", variable.code.casefold())
            named |= {bare, bare.removeprefix("${").removesuffix("}")}
        meant[variable.name] = named | forms(variable.meaning)
    return meant


@dataclass(slots=True)
class _Search:
    headers: tuple[str, ...]
    titles: Sequence[Cell]
    body: list[Sequence[Cell]]
    width: int
    first_column: int
    mainland: bool
    ways: dict[str, str] = field(default_factory=dict)  # by variable; "" for the number

    def number(self, variables: Sequence[Variable], wanted: str) -> int:
        self.ways[""] = WISH if wanted else HEADING
        if wanted:
            return self._named(wanted)
        taken: set[str] = set().union(*_meant(variables).values())
        found = []
        for index, header in enumerate(self._titled()):
            said = forms(header)
            if ranks := [_RANK[word] for word in said & _RANK.keys()]:
                found.append((bool(said & taken), -self._share(index), min(ranks), index))
        if found:
            found.sort()
            best = found[0]
            if len(found) > 1 and found[1][:3] == best[:3] and self.headers[found[1][3]] == self.headers[best[3]]:
                raise ColumnFault("number_column_twice", column=self.headers[best[3]])
            return best[3]
        shares = [(self._share(index), -index) for index in range(self.width)]
        share, index = max(shares, default=(0.0, 0))
        if share <= 0.5:
            raise ColumnFault("no_number_column", headers=self._shown())
        self.ways[""] = CONTENT
        return -index

    def values(self, variables: Sequence[Variable], wanted: Mapping[str, str], number: int) -> tuple[int, ...]:
        chosen = {name: self._named(header) for name, header in wanted.items() if header}
        self.ways |= dict.fromkeys(chosen, WISH)
        free = [index for index in range(self.width) if index != number and index not in chosen.values()]
        said = {index: forms(header) for index, header in enumerate(self._titled()) if index in free}
        words = _meant(variables)
        for exact in (True, False):
            for variable in variables:
                meant = words[variable.name]
                for index in free:
                    whole = _JUNK.sub("", unicodedata.normalize("NFKC", self.headers[index]).casefold())
                    hit = whole in meant if exact else bool(said.get(index, set()) & meant)
                    if variable.name not in chosen and index in said and hit:
                        chosen[variable.name], self.ways[variable.name] = index, HEADING
                        free.remove(index)
                        break
        if not chosen:
            filled = [index for index in free if index in said or self._filled(index)]
            if len(filled) == len(variables):
                chosen = {variable.name: index for variable, index in zip(variables, filled, strict=True)}
                self.ways |= dict.fromkeys(chosen, ORDER)
        missing = [v.name for v in variables if v.name not in chosen]
        if missing:
            raise ColumnFault(
                "variable_without_column",
                variables=[
                    {"name": v.name, "meaning": v.meaning, "code": v.code} for v in variables if v.name in missing
                ],
                headers=self._shown(),
            )
        return tuple(chosen[v.name] for v in variables)

    def _titled(self) -> list[str]:
        """Header texts as far as the sheet has any."""
        return [_shortened(cell) for cell in self.titles]

    def _shown(self) -> list[str]:
        return [header[:40] for header in self.headers[:20]]

    def _named(self, wanted: str) -> int:
        """The column of that header, or of that letter. Raises ColumnFault."""
        folded = wanted.strip()[:HEADER_MAX].casefold()
        found = [index for index, header in enumerate(self._titled()) if header.casefold() == folded]
        if len(found) > 1:
            raise ColumnFault("number_column_twice", column=wanted[:40])
        if found:
            return found[0]
        for index in range(self.width):
            if letter(self.first_column + index).casefold() == folded:
                return index
        raise ColumnFault("unknown_column", column=wanted[:40], headers=self._shown())

    def _cells(self, index: int) -> list[Cell]:
        return [cells[index] for cells in self.body if index < len(cells) and as_text(cells[index])]

    def _filled(self, index: int) -> bool:
        return bool(self._cells(index))

    def _share(self, index: int) -> float:
        """Part of the column's first cells that are numbers, 0 to 1."""
        cells = self._cells(index)
        return sum(_is_number(cell, mainland=self.mainland) for cell in cells) / len(cells) if cells else 0.0
