"""File by file: what becomes of everything that people and programs, and those who mean harm, hand in.

Each is read by the real child with its real limits, two at a time; after every file that is refused, a good one is
read in the same place.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.console.sheets import files
from tests.sending.intake import corpus_books as books
from tests.sending.intake import corpus_hostile as hostile
from tests.sending.intake.corpus import DAY, NAME, NUMBERS, PEOPLE, Case, Outcome, csv, lines, people, raw, read, text

A, B, C = NUMBERS
N, D = [NAME], [DAY]
excel, made, book, table = books.excel, books.by_openpyxl, books.book, books.table

CASES = [
    # As programs write
    Case("excel", excel, "good 3", N),
    Case("excel-rich-text", books.excel_rich_text, "good 2"),
    Case("excel-strict", books.strict, "good 3", N),
    Case("libreoffice", books.libreoffice, "good 3", N),
    Case("wps", books.wps, "good 4"),
    Case("inline-strings", books.by_hand(books.rows(PEOPLE)), "good 3", N),
    Case("prefixed-namespaces", books.prefixed, "good 3", N),
    Case("no-addresses", books.without_addresses, "good 3", N),
    Case("indented-with-mark", books.indented, "good 3", N),
    Case("streamed-archive", books.streamed, "good 3", N),
    Case("stored-archive", books.stored, "good 3", N),
    Case("openpyxl", made(), "good 3", N),
    Case("xlsxwriter", books.by_xlsxwriter, "good 3", N),
    # As people arrange
    Case("title-and-merged-cells", made(books.merged), "good 2, missing 1", says={"titled": True, "header_row": 2}),
    Case("title-rows", made(table=books.TITLED), "good 3", N, {"titled": True, "header_row": 4}),
    Case("two-header-rows", made(table=[["mobile", "name"], *PEOPLE]), "good 3", says={"header_row": 1}),
    Case("groups-above-headers", made(table=[["客户", ""], *PEOPLE]), "good 3", N, {"header_row": 2}),
    Case("no-headers", made(table=PEOPLE[1:]), "good 3", N, {"header": False, "headers": ["A", "B"]}),
    Case("begins-at-c5", books.at_c5, "good 3", N, {"first_column": 2, "header_row": 5}),
    Case("blank-rows-between", made(table=books.WITH_BLANKS), "good 3"),
    Case("formats-to-the-last-row", books.with_more(books.LAST_ROW, A), "good 1"),
    Case("formats-in-50000-rows", books.with_more(books.MANY_FORMATTED, A), "good 1"),
    Case("formats-to-the-last-column", books.with_more(books.LAST_COLUMN, A), "good 1"),
    Case("hidden-and-filtered-rows", made(books.filtered), "good 1, hidden 2", says={"hidden": 2}),
    # A hidden column is read like any other: whoever hides one means to see more of the rest, not to leave people out.
    Case("hidden-column", made(books.hidden_column), "good 3"),
    Case("hidden-sheet-first", books.of_sheets("hidden", "visible", "veryHidden"), "good 2", says={"sheet": "表2"}),
    Case(
        "chosen-sheet", books.of_sheets("visible", "visible"), "good 2", says={"unread": ["表1"]}, wanted=books.SECOND
    ),
    Case("chosen-sheet-hidden", books.of_sheets("visible", "hidden"), "fault no_such_sheet", wanted=books.SECOND),
    Case("all-sheets-hidden", books.of_sheets("hidden", "veryHidden"), "fault no_rows"),
    Case("chart-sheet-first", books.chart_sheet_first, "good 3"),
    Case("notes", made(books.with_notes), "good 3"),
    Case("image", made(books.with_image), "good 3"),
    Case(
        "equal-number-headers",
        made(table=books.TWICE_NUMBER),
        "fault number_column_twice",
        says={"rows": [[2, [A, B]]]},
    ),
    Case("equal-number-headers-chosen", made(table=books.TWICE_NUMBER), "good 1", wanted={"number": 1}),
    Case("equal-headers-of-values", made(table=books.TWICE_NAME), "good 1", N, {"mapping": books.FIRST_NAME}),
    Case("variable-without-column", made(table=books.NO_NAME), "fault variable_without_column", N),
    Case("no-numbers", made(table=[["a", "b"], ["x", "y"]]), "fault no_number_column"),
    Case("header-only", made(table=PEOPLE[:1]), "fault no_rows"),
    Case("empty-sheet", books.by_hand(""), "fault no_rows", says={"rows": [], "header": False}),
    # What stands in cells
    Case(
        "number-cells", book(13800138000, "<c><v>13800138001.0</v></c>", "<c><v>1.3800138002E10</v></c>"), "repaired 3"
    ),
    Case("shown-in-scientific-form", table([books.FORMATTED_CELL.format(A)], format="11"), "repaired 1"),
    Case("number-shown-as-date", table([books.FORMATTED_CELL.format(A)], [B], format="14"), "good 1, repaired 1"),
    Case("scientific-text", book("1.38E+10", "1.3800138000E+10", "1.38e10"), "repaired 1, digits_lost 2"),
    Case("apostrophes", book(f"'{A}", f"’{B}", f"`{C}"), "repaired 3"),
    Case("full-width", book("１３８００１３８０００", "＋８６１３８００１３８００１"), "repaired 2"),
    Case(
        "separators",
        book("138-0013-8000", "+86 138 0013 8001", "0086(138)00138002", f"{A}1.0"),
        "repaired 3, too_long 1",
    ),
    Case("no-break-spaces", book("138\u00a00013\u202f8000", f"\u200b86{B}\ufeff"), "repaired 2"),
    Case("two-numbers-in-a-cell", book(f"{A}/{B}", f"{A}、{B}", f"{A}\n{B}"), "letters 2, too_long 1"),
    Case(
        "wrong-numbers",
        book("1380013", "张三", "12000000000", "+85291234567"),
        "too_short 1, letters 1, not_mobile 1, country 1",
    ),
    Case("fixed-lines", book("021-62345678", "400-123-4567", 75523456789, "+86 10 6234 5678"), "fixed_line 4"),
    Case(
        "iot-cards", book("14012345678", 1064712345678, "1440123456789", "14612345678", "14712345678"), "good 1, iot 4"
    ),
    Case(
        "duplicates",
        book(A, B, f"+86{A}", int(A)),
        "good 2, duplicate 2",
        says={"duplicates": {"same": 2, "differ": 0}},
    ),
    Case(
        "duplicates-last",
        made(table=books.AGAIN),
        "good 3, duplicate 2",
        N,
        books.ONE_DIFFERS,
        wanted={"duplicates": "last"},
    ),
    Case("booleans", book(True, False), "letters 2"),
    Case("formula-with-result", book(A, books.WITH_RESULT, books.TEXT_RESULT), "good 2, repaired 1"),
    Case(
        "formula-without-result",
        table([A, books.WITHOUT_RESULT], [books.WITHOUT_RESULT, "x"]),
        "value_missing 1, missing 1",
        N,
    ),
    Case("shared-formulas", book(books.SHARED, books.SHARES), "good 2"),
    Case(
        "error-cells",
        table([A, "x"], [books.ERROR, "x"], [C, books.FAILED_LOOKUP], [books.ERROR, books.ERROR]),
        "good 1, error_cell 3",
        N,
    ),
    Case("error-texts", text(lines(PEOPLE[0], [A, "#1"], ["#N/A", "x"], [B, "#DIV/0!"])), "good 1, error_cell 2", N),
    Case("dates", books.dates(*books.DAYS), "good 3", D),
    Case("date-and-time", books.dates(books.MOMENT), "value_kind 1", D),
    Case(
        "dates-as-numbers",
        table([A, 46112], [B, books.FORMATTED_CELL.format(46112)], format="14"),
        "good 1, value_kind 1",
        D,
        wanted={"values": {"1": 1}},
    ),
    Case("dates-since-1904", books.in_1904, "good 1", D),
    Case(
        "huge-cells",
        table([A, "x" * 40_000], ["9" * 40_000, "x"], [C, "ok"]),
        "good 1, value_too_long 1, too_long 1",
        N,
    ),
    Case(
        "forbidden-and-invisible",
        table([A, "O'Neil"], [B, "a\nb"], [C, "\u200b王\ufeff"]),
        "good 1, value_forbidden 2",
        N,
    ),
    Case("odd-numbers", book(*books.ODD_NUMBERS), "letters 4"),
    Case(
        "abroad",
        book("+44 7400 123456", "+4915123456789", "+44 20 7946 0958", A),
        "good 1, repaired 1, fixed_line 1, country 1",
        mainland=False,
    ),
    # Texts
    Case("utf-8", people(), "good 3", N, suffix=".csv"),
    Case("utf-8-with-mark", people("utf-8-sig"), "good 3", N, suffix=".csv"),
    Case("utf-16-as-excel-writes", people("utf-16", by="\t"), "good 3", N, suffix=".txt"),
    Case("utf-16-big-end-first", people("utf-16-be", before="\ufeff"), "good 3", N, suffix=".csv"),
    Case("utf-16-without-mark", people("utf-16-le"), "fault not_a_sheet", says={"kind": "binary"}, suffix=".csv"),
    Case("gb18030", text(lines(*PEOPLE, ["13800138009", "㐀𠀀"]), "gb18030"), "good 4", N, suffix=".csv"),
    Case("neither-encoding", raw(b"\x81\xff,\xfe\n" * 40), "fault encoding", suffix=".csv"),
    Case("semicolons", people(by=";"), "good 3", N, suffix=".csv"),
    Case("tabs", people(by="\t"), "good 3", N, suffix=".csv"),
    Case("pipes", people(by="|"), "good 3", N, suffix=".csv"),
    Case("note-of-the-separator", people(by=";", before="\ufeffsep=;\r\n"), "good 3", N, {"header_row": 1}, ".csv"),
    Case("mixed-line-ends", raw(f"手机号\n{A}\r\n{B}\r{C}\n".encode()), "good 3", suffix=".csv"),
    Case("line-ends-of-old-macs", people(end="\r"), "good 3", N, suffix=".csv"),
    Case(
        "quotes",
        text(f'"手机号","姓名"\n"{A}","王 ""小"" 明"\n"{B}","two, parts"\n{C},"5\n6"\n'),
        "good 2, value_forbidden 1",
        N,
    ),
    Case("quote-never-closed", text(f'手机号,姓名\n{A},"王\n{B},x\n'), "fault open_quote", N, {"row": 2}, ".csv"),
    Case("numbers-as-formulas", csv(f'="{A}"', f'"=""{B}"""'), "good 2", suffix=".csv"),
    Case("nulls", raw(f"手机号\n{A}\n138\x0000138001\n".encode()), "fault not_a_sheet", says={"kind": "binary"}),
    Case("scientific-csv", csv("1.38E+10", A), "good 1, digits_lost 1", suffix=".csv"),
    Case("ragged-rows", text(f"手机号,姓名\n{A}\n{B},x,,,\n,,\n{C},y\n"), "good 2, value_missing 1", N, suffix=".csv"),
    Case("one-column-no-header", text("\n".join(NUMBERS)), "good 3", suffix=".txt"),
    Case("blanks-only", text(",,\n , \n"), "fault no_rows", suffix=".csv"),
    Case("no-bytes", raw(b""), "fault empty", suffix=".csv"),
    # Not what the name says, or not what we read
    Case("csv-named-xlsx", people(), "good 3"),
    Case("xlsx-named-csv", excel, "good 3", suffix=".csv"),
    Case("old-xls", hostile.ole2("Workbook"), "fault old_xls", suffix=".xls"),
    Case("old-xls-named-xlsx", hostile.ole2("Book"), "fault old_xls"),
    Case("with-password", hostile.ole2("EncryptedPackage"), "fault encrypted"),
    Case("old-word-document", hostile.ole2("WordDocument"), "fault not_a_sheet"),
    Case("macros", hostile.archive({"xl/vbaProject.bin": b"x"}), "fault macros", suffix=".xlsm"),
    Case("macros-by-type", hostile.archive({"[Content_Types].xml": hostile.MACRO_TYPE}), "fault macros"),
    Case(
        "web-page",
        text(f"<html><table><tr><td>{A}</td></tr></table>"),
        "fault not_a_sheet",
        (),
        {"kind": "html"},
        ".xls",
    ),
    Case(
        "spreadsheet-of-2003",
        text('<?xml version="1.0"?><Workbook/>'),
        "fault not_a_sheet",
        (),
        {"kind": "html"},
        ".xml",
    ),
    Case("pdf", raw(b"%PDF-1.7\n%\xe2\xe3"), "fault not_a_sheet", says={"kind": "pdf"}),
    Case("picture", raw(b"\x89PNG\r\n\x1a\n\0\0"), "fault not_a_sheet", says={"kind": "image"}),
    Case("opendocument", hostile.zipped(hostile.ODS), "fault not_a_sheet", says={"kind": "ods"}, suffix=".ods"),
    Case("binary-workbook", hostile.zipped(hostile.XLSB), "fault not_a_sheet", says={"kind": "xlsb"}, suffix=".xlsb"),
    Case("word-document", hostile.zipped(hostile.DOCX), "fault not_a_sheet", says={"kind": "zip"}, suffix=".docx"),
    Case("archive-of-a-workbook", hostile.zipped({"march.xlsx": b"PK\x03\x04"}), "fault not_a_sheet", suffix=".zip"),
    # Hostile
    Case("bomb-that-says-so", hostile.bomb(3 << 30), "fault bomb"),
    Case("bomb-that-lies", hostile.bomb(1000), "fault bomb"),
    Case("thousand-members", hostile.archive({f"xl/media/{n}": b"x" for n in range(1000)}), "fault bomb"),
    Case("workbook-within", hostile.archive({"xl/a.png": b"PK\x03\x04"}), "fault not_a_sheet", says={"kind": "nested"}),
    Case("xxe-in-sheet", hostile.entity_in_sheet(*hostile.XXE), "fault damaged"),
    Case("xxe-in-strings", hostile.entity_in_strings(*hostile.XXE), "fault damaged"),
    Case("xxe-in-workbook", hostile.entity_in_workbook(*hostile.XXE), "fault damaged"),
    Case("laughs-in-sheet", hostile.entity_in_sheet(*hostile.LAUGHS), "fault damaged"),
    Case("laughs-in-strings", hostile.entity_in_strings(*hostile.LAUGHS), "fault damaged"),
    Case("laughs-in-workbook", hostile.entity_in_workbook(*hostile.LAUGHS), "fault damaged"),
    Case("smaller-than-it-says", hostile.lying(1000), "fault damaged"),
    Case("larger-than-it-says", hostile.lying(-100), "fault bomb"),
    Case("member-twice", hostile.twice, "fault damaged"),
    Case("member-with-password", hostile.encrypted_member, "fault encrypted"),
    Case("cut-short", hostile.cut_short, "fault damaged"),
    Case("sheet-out-of-the-archive", hostile.pointing("../../../etc/passwd"), "fault damaged"),
    Case("sheet-on-the-web", hostile.pointing("https://evil.example/sheet.xml"), "fault damaged"),
    Case("sheet-in-utf-16", hostile.archive({files.SHEET: hostile.UTF_16}), "fault damaged"),
    Case("cells-too-far-right", books.with_more(books.BEYOND, A), "fault too_many_columns", says={"limit": 200}),
    Case("too-many-columns", made(table=[["x"] * 201]), "fault too_many_columns"),
    Case("addresses-nobody-has", books.with_more(books.NOWHERE, A), "fault too_many_columns"),
    Case("string-that-is-not-there", book(A, '<c t="s"><v>99</v></c>'), "fault damaged"),
    Case("rows-out-of-order", books.upside_down, "repaired 3"),
    Case("row-twice", books.row_twice, "good 1"),
    Case("too-many-rows-xlsx", book(*NUMBERS, *NUMBERS), "fault too_many_rows", says={"limit": 5}, limit=5),
    Case("too-many-rows-csv", csv(*NUMBERS, *NUMBERS), "fault too_many_rows", says={"limit": 5}, limit=5),
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Outcome, Outcome | None]]:
    """Of each file, and of the good one read after it where it was refused."""
    folder = tmp_path_factory.mktemp("corpus")
    good = folder / "good.xlsx"
    excel(good)

    def each(numbered: tuple[int, Case]) -> tuple[str, tuple[Outcome, Outcome | None]]:
        number, case = numbered
        path = folder / f"{number}{case.suffix}"
        case.make(path)
        options: dict[str, Any] = {"wanted": dict(case.wanted), "variables": case.variables}
        first = read(path, mainland=case.mainland, limit=case.limit, **options)
        path.unlink()
        return case.name, (first, read(good) if first.fault else None)

    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(each, enumerate(CASES)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_file_has_the_right_result_or_a_clear_message(case: Case, outcomes: Any) -> None:
    found, after = outcomes[case.name]
    assert found.counts == case.counts
    said = found.preview | found.summary | found.fault
    assert {key: said.get(key) for key in case.says} == dict(case.says)
    if found.summary:
        assert len(found.lines) == found.summary["total"] == sum(case.counts[1].values())
        assert found.summary["memory"] < 300 << 20
    assert after is None or after.counts == ("", {"good": 3})


def test_the_corpus_is_large_and_every_file_has_a_name_of_its_own() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 65


def test_values_arrive_as_they_were_shown(outcomes: Any) -> None:
    def values(name: str) -> list[str]:
        return [line[6] for line in outcomes[name][0].lines if line[10] == "0"]

    assert values("dates") == ['{"2026-03-31"}', '{"2026-04-01"}', '{"09:30:00"}']
    assert values("dates-since-1904") == ['{"2026-03-31"}'] and values("dates-as-numbers") == ['{"2026-03-31"}']
    assert values("gb18030") == ['{"王女士"}', '{"Li Lei"}', '{"陈"}', '{"㐀𠀀"}']
    assert values("equal-headers-of-values") == ['{"Li"}'] and values("forbidden-and-invisible") == ['{"王"}']
