"""What the reading child tells beside the rows: the preview, the sheet's choice, what its rows refer to and repeat."""

from __future__ import annotations

import json

import pytest

from console.lib.sheets import Writer
from sending.intake.child import Spec
from tests.console.sheets import files
from tests.sending.intake import corpus_books as books
from tests.sending.intake.corpus import NAME, NUMBERS, PEOPLE, read

A, B, C = NUMBERS


def codes(outcome):
    """(row, code, detail) of each line."""
    return [(line[3], line[11], line[12]) for line in outcome.lines]


def test_a_spec_of_before_is_understood():
    fields = json.loads(Spec("p", True, [NAME], [], [], {}, 1, 1, 1, 1, 1, 1, 1).to_json())
    for name in ("remembered", "known", "refers"):
        del fields[name]
    spec = Spec.from_json(json.dumps(fields))
    assert (list(spec.remembered), spec.known, spec.refers, spec.variables) == ([], "", False, [NAME])


def test_the_preview_is_told_even_where_no_column_is_found(tmp_path):
    rows: list[list[object]] = [["x" * 80, None, True]]
    rows += [list[object](cells) for cells in ([f"r{n}", n + 0.5, None] for n in range(9))]
    found = read(files.xlsx(tmp_path / "a.xlsx", [["title"], ["p", "q", "r"], *rows], row=3, column=1))
    assert found.fault["code"] == "no_number_column" and not found.lines
    digest = found.preview.pop("digest")
    assert found.preview == {
        "sheet": "Sheet1",
        "sheets": [{"name": "Sheet1", "hidden": False, "filled": True}],
        "header": True,
        "header_row": 4,
        "headers": ["title", "C", "D"],
        "titled": False,
        "first_column": 1,
        "rows": [
            [5, ["p", "q", "r"]],
            [6, ["x" * 60, "", "TRUE"]],
            *([n + 7, [f"r{n}", f"{n}.5", ""]] for n in range(3)),
        ],
    }
    assert len(digest) == 64


def test_a_preview_has_at_most_60_columns(tmp_path):
    found = read(files.xlsx(tmp_path / "a.xlsx", [["mobile", *["x"] * 99], [A, *["y"] * 99]]))
    assert len(found.preview["headers"]) == len(found.preview["rows"][0][1]) == 60
    assert len(found.summary["headers"]) == 100


def test_another_sheet_can_be_chosen_after_an_empty_one(tmp_path):
    with (tmp_path / "a.xlsx").open("wb") as file, Writer(file) as book:
        book.sheet("Cover", [], [])
        book.sheet("People", PEOPLE[0], PEOPLE[1:])
    empty = read(tmp_path / "a.xlsx")
    assert (empty.fault["code"], empty.preview["sheet"]) == ("no_rows", "Cover")
    assert [sheet["filled"] for sheet in empty.preview["sheets"]] == [False, True]
    assert read(tmp_path / "a.xlsx", wanted={"sheet": "people"}).counts == ("", {"good": 3})


def test_the_mapping_of_one_file_is_remembered_for_the_next(tmp_path):
    path = files.xlsx(tmp_path / "a.xlsx", [["手机号", "备用", "姓名", "别名"], [A, B, "Li", "Lee"]])
    chosen = read(path, variables=[NAME], wanted={"number": 1, "values": {"1": "别名"}})
    mapping = chosen.summary["mapping"]
    assert mapping == {"headers": chosen.preview["digest"], "header": True, "number": 1, "values": {"1": 3}}
    again = read(path, variables=[NAME], remembered=[mapping])
    assert again.summary["found_by"] == {"number": "remembered", "values": {"1": "remembered"}}
    assert again.summary["columns"] == {"number": "备用", "values": {"1": "别名"}}
    assert again.lines[0][4:7:2] == [f"+86{B}", '{"Lee"}']


@pytest.mark.parametrize("duplicates", ["first", "last"])
def test_numbers_of_other_files_are_refused_with_their_rows(tmp_path, duplicates):
    (tmp_path / "known").write_text(f"86{A}\t17\n86{B}\t9 (2)\n8613900000000\t3\n")
    path = files.xlsx(tmp_path / "a.xlsx", [["手机号"], [A], [B], [C], [C]])
    found = read(path, known=str(tmp_path / "known"), wanted={"duplicates": duplicates})
    own = (
        [("4", "", ""), ("5", "duplicate", "4")]
        if duplicates == "first"
        else [("4", "duplicate", "last:5"), ("5", "", "")]
    )
    assert codes(found) == [("2", "duplicate", "17"), ("3", "duplicate", "9 (2)"), *own]
    assert found.summary["duplicates"] == {"same": 1, "differ": 0}


def test_corrected_rows_say_which_they_were(tmp_path):
    rows: list[list[object]] = [
        ["手机号", "Row in the file", "Reason"],
        [A, "17", "x"],
        ["1380", "8 (2)", "y"],
        [B, "", ""],
        [C, 30, "z"],
    ]
    path = files.xlsx(tmp_path / "a.xlsx", [*rows, ["", "31", ""]])
    found = read(path, refers=True)
    assert found.refers == [[1, 17], [2, 8], [1, 30], [1, 31]]
    assert found.counts == ("", {"good": 3, "too_short": 1, "missing": 1})
    assert read(path).refers == []


def test_many_corrected_rows_come_in_batches(tmp_path):
    rows = "".join(f"1380{n:07d},{n + 2}\n" for n in range(20_000))
    (tmp_path / "a.csv").write_text("手机号,文件行号\n" + rows)
    found = read(tmp_path / "a.csv", refers=True)
    assert found.refers == [[1, n + 2] for n in range(20_000)] and found.counts == ("", {"good": 20_000})


def test_a_hidden_sheet_is_never_read_whatever_is_asked(tmp_path):
    books.of_sheets("visible", "veryHidden")(tmp_path / "a.xlsx")
    found = read(tmp_path / "a.xlsx", wanted=books.SECOND)
    assert found.fault == {"code": "no_such_sheet", "sheet": "表2", "sheets": ["表1"]} and not found.lines
