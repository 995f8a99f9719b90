"""What a file really is; rows with Excel's numbers; what hidden rows, hostile archives and odd encodings do."""

import contextlib
import datetime
import io
import time

import openpyxl
import pytest
import python_calamine
import xlsxwriter

from console.lib.sheets import Code, SheetFault, as_text, letter, open_sheet, write_rows
from console.lib.sheets import archive as archives
from tests.console.sheets import files

ROWS = [["mobile", "name"], ["13800138000", "Li"], ["13800138001", "王"]]


def rows_of(path):
    return list(open_sheet(path).rows())


def refused(path):
    with pytest.raises(SheetFault) as fault:
        rows_of(path)
    return fault.value.code


def test_rows_of_a_workbook_with_types_kept(tmp_path):
    path = files.xlsx(tmp_path / "a", [["mobile", "n"], [13800138000, 99.5], ["x", True]])
    assert rows_of(path) == [(1, ["mobile", "n"]), (2, [13800138000.0, 99.5]), (3, ["x", True])]


def test_row_numbers_stay_right_with_an_offset_and_blank_rows(tmp_path):
    path = files.xlsx(tmp_path / "a", [*ROWS[:2], [None], ROWS[2]], row=4, column=2)
    sheet = open_sheet(path)
    assert [number for number, _ in sheet.rows()] == [5, 6, 8]
    assert sheet.first_column == 2 and letter(sheet.first_column) == "C"
    assert list(sheet.rows()) == list(sheet.rows())


def test_zero_and_false_are_contents(tmp_path):
    assert [number for number, _ in rows_of(files.xlsx(tmp_path / "a", [[0], [False], [None], ["x"]]))] == [1, 2, 4]


def test_error_cells_and_odd_sheet_names(tmp_path):
    body = b'<row r="1"><c r="A1" t="e"><v>#N/A</v></c><c r="B1"><v>5</v></c></row>'
    book = files.WORKBOOK.replace(b'name="S"', b'name="A&amp;B &lt;1&gt; \xe7\x8e\x8b"')
    sheet = open_sheet(files.by_hand(tmp_path / "a", body, **{"xl/workbook.xml": book}))
    assert sheet.name == "A&B <1> 王" and list(sheet.rows()) == [(1, ["#N/A", 5.0])]


def test_error_cells_are_known_by_what_they_show(tmp_path):
    formula = b"<f>VLOOKUP(&quot;x&quot;,A1,1)</f>"
    body = b'<row r="3"><c r="B3"><v>1</v></c><c s="1" r="C3" t="e">' + formula + b"<v>#REF!</v></c>"
    body += b"<x:c r='D3' t='e'><x:v>#DIV/0!</x:v></x:c><c r=\"E3\" t=\"e\"/></row>"
    body += b'<row r="4"><c r="C4" t="inlineStr"><is><t>t="e" r="D4"</t></is></c></row>'
    sheet = open_sheet(files.by_hand(tmp_path / "a", body.replace(b"x:", b"")))
    assert list(sheet.rows()) == [(3, [1.0, "#REF!", "#DIV/0!"]), (4, ["", 't="e" r="D4"', ""])]


def test_a_row_of_nothing_but_errors_is_a_row(tmp_path):
    body = b'<row r="2"><c r="A2" t="e"><v>#NAME?</v></c></row><row r="3"><c r="A3"><v>1</v></c></row>'
    assert [number for number, _ in rows_of(files.by_hand(tmp_path / "a", body))] == [2, 3]


def test_errors_in_a_sheet_of_many_chunks(tmp_path):
    count = 60_000
    rows = [
        b'<row r="%d"><c r="A%d"><v>1</v></c><c r="B%d" t="e"><v>#N/A</v></c></row>' % (i, i, i)
        for i in range(1, count)
    ]
    sheet = open_sheet(files.by_hand(tmp_path / "a", b"".join(rows)))
    assert len(sheet.errors) == count - 1 and len({id(errors) for errors in sheet.errors.values()}) == 1
    assert all(cells == [1.0, "#N/A"] for _, cells in sheet.rows())


def test_the_first_visible_sheet_is_read(tmp_path):
    book = openpyxl.Workbook()
    book.active.sheet_state = "hidden"
    book.active["A1"] = "secret"
    book.create_sheet("chosen")["A1"] = "seen"
    book.create_sheet("later")["A1"] = "late"
    book.active = 1
    book.save(tmp_path / "a.xlsx")
    sheet = open_sheet(tmp_path / "a.xlsx")
    assert sheet.name == "chosen" and [cells for _, cells in sheet.rows()] == [["seen"]]


def test_hidden_rows_are_known_by_number(tmp_path):
    sheet = open_sheet(files.xlsx(tmp_path / "a", [[str(i)] for i in range(1, 30)], row=2, hide=[5, 20]))
    assert sheet.hidden == {5, 20}


def test_hidden_rows_without_numbers_of_their_own_with_prefix_and_other_quotes(tmp_path):
    cell = b'<c t="inlineStr"><is><t>x</t></is></c>'
    body = b"<row>" + cell + b"</row><row hidden='1'>" + cell + b'</row><row r="9" hidden="true">' + cell
    body += b'</row><row hidden="0">' + cell + b"</row>"
    sheet = open_sheet(files.by_hand(tmp_path / "a", body))
    assert sheet.hidden == {2, 9}
    assert [number for number, _ in sheet.rows()] == [1, 2, 9, 10]


def test_hidden_rows_in_a_sheet_of_many_chunks(tmp_path):
    body = files.numbers(60_000)
    for row in (2, 30_000, 60_001):
        body = body.replace(b'<row r="%d">' % row, b'<row r="%d" hidden="1">' % row)
    assert open_sheet(files.by_hand(tmp_path / "a", body)).hidden == {2, 30_000, 60_001}


@pytest.mark.parametrize(
    ("content", "code", "kind"),
    [
        (b"", Code.EMPTY, None),
        (b" \n\x00", Code.EMPTY, None),
        (b"%PDF-1.7\n%\xe2", Code.NOT_A_SHEET, "pdf"),
        (b"\x89PNG\r\n\x1a\n\0\0", Code.NOT_A_SHEET, "image"),
        (b"\xff\xd8\xff\xe0\0", Code.NOT_A_SHEET, "image"),
        (b"\n<!DOCTYPE html><html>", Code.NOT_A_SHEET, "html"),
        (b"<table><tr><td>1</td>", Code.NOT_A_SHEET, "html"),
        (b"MZ\x90\0\x03", Code.NOT_A_SHEET, "binary"),
        (b"a,b\n1,\0\n", Code.NOT_A_SHEET, "binary"),
        (b"a" * 5000 + b",\0\n", Code.NOT_A_SHEET, "binary"),
        (b"PK\x03\x04 and no more", Code.DAMAGED, None),
        (b"\x81\xff,\xfe\n" * 40, Code.ENCODING, None),
    ],
)
def test_what_is_no_sheet_is_told_apart(tmp_path, content, code, kind):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(SheetFault) as fault:
        rows_of(tmp_path / "a")
    assert (fault.value.code, fault.value.detail.get("kind")) == (code, kind)


def test_old_and_encrypted_workbooks_are_told_apart(tmp_path):
    assert refused(files.ole2(tmp_path / "a", "EncryptedPackage")) == Code.ENCRYPTED
    assert refused(files.ole2(tmp_path / "b", "Workbook")) == Code.OLD_XLS
    assert refused(files.ole2(tmp_path / "c", "WordDocument")) == Code.NOT_A_SHEET


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"a.txt": b"x"}, Code.NOT_A_SHEET),
        (files.BASE | {"xl/vbaProject.bin": b"x", files.SHEET: b""}, Code.MACROS),
        (files.BASE | {"[Content_Types].xml": b'<Types x="sheet.macroEnabled.main+xml"/>'}, Code.MACROS),
        (files.BASE | {"xl/embeddings/a.zip": b"x"}, Code.NOT_A_SHEET),
        (files.BASE | {files.SHEET: b"", "xl/media/a.png": b"PK\x03\x04"}, Code.NOT_A_SHEET),
        (files.BASE | {f"xl/media/{i}": b"x" for i in range(200)}, Code.BOMB),
        (files.BASE | {"xl/workbook.xml": b"<workbook"}, Code.DAMAGED),
        (files.BASE, Code.DAMAGED),
        (files.BASE | {files.SHEET: files.HEAD.decode().encode("utf-16") + files.FOOT}, Code.DAMAGED),
        (files.BASE | {files.SHEET: files.HEAD + b"<row r='1'><c"}, Code.DAMAGED),
    ],
)
def test_archives_that_are_no_plain_workbook(tmp_path, members, code):
    assert refused(files.zipped(tmp_path / "a", members)) == code


def test_a_workbook_cut_short_is_damaged(tmp_path):
    whole = files.xlsx(tmp_path / "a", ROWS).read_bytes()
    for length in range(40, len(whole), len(whole) // 12):
        (tmp_path / "b").write_bytes(whole[:length])
        assert refused(tmp_path / "b") == Code.DAMAGED


def test_flipped_bytes_never_crash(tmp_path):
    whole = bytearray(files.xlsx(tmp_path / "a", ROWS).read_bytes())
    for place in range(0, len(whole), 37):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        (tmp_path / "b").write_bytes(changed)
        with contextlib.suppress(SheetFault):
            rows_of(tmp_path / "b")


@pytest.mark.parametrize("declared", [5 << 30, 1000, 900 << 20])
def test_bombs_are_found_by_what_they_say_and_by_what_they_do(tmp_path, declared):
    path = files.bomb(tmp_path / "a", 5 << 30, declared=min(declared, 0xFFFFFFFF - 1))
    began = time.monotonic()
    assert refused(path) == Code.BOMB
    assert time.monotonic() - began < 30


def test_honest_sheets_that_pack_very_well_pass(tmp_path):
    body = b"".join(b'<row r="%d"><c r="A%d"><v>13800138000</v></c></row>' % (i, i) for i in range(1, 200_001))
    assert sum(1 for _ in open_sheet(files.by_hand(tmp_path / "a", body)).rows()) == 200_000


def test_far_cells_are_refused_before_room_is_made_for_them(tmp_path):
    body = b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>'
    assert refused(files.by_hand(tmp_path / "a", body)) == Code.TOO_MANY_COLUMNS
    formatted = body.replace(b'<c r="XFD1"><v>1</v></c>', b'<c r="XFD1" s="1"/>')
    assert rows_of(files.by_hand(tmp_path / "b", formatted)) == [(1, [1.0])]
    assert refused(files.xlsx(tmp_path / "c", [["x"] * 201])) == Code.TOO_MANY_COLUMNS
    assert len(rows_of(files.xlsx(tmp_path / "d", [["x"] * 200]))[0][1]) == 200


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_in_all_encodings_with_all_delimiters(tmp_path, encoding, delimiter):
    text = "\r\n".join(delimiter.join(cells) for cells in [["手机号", "姓名"], *ROWS[1:]]) + "\r\n"
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    assert rows_of(tmp_path / "a.csv") == [(1, ["手机号", "姓名"]), (2, ROWS[1]), (3, ROWS[2])]


def test_csv_quotes_blank_lines_and_excels_note_of_the_separator(tmp_path):
    (tmp_path / "a").write_text('sep=;\r\nmobile;text\r\n\r\n13800138000;"a;b\nc ""d"""\r\n', newline="")
    assert rows_of(tmp_path / "a") == [(1, ["mobile", "text"]), (3, ["13800138000", 'a;b\nc "d"'])]


def test_a_title_above_a_csv_does_not_hide_its_delimiter(tmp_path):
    (tmp_path / "a").write_text("March, all\nmobile;name\n13800138000;Li\n13800138001;Wang\n")
    assert [len(cells) for _, cells in rows_of(tmp_path / "a")] == [1, 2, 2, 2]


def test_csv_of_one_column(tmp_path):
    (tmp_path / "a").write_text("13800138000\n13800138001\n")
    assert rows_of(tmp_path / "a") == [(1, ["13800138000"]), (2, ["13800138001"])]


def test_a_cell_that_never_ends_is_damage(tmp_path):
    (tmp_path / "a").write_text('mobile,x\n"' + "y" * 100_000)
    assert refused(tmp_path / "a") == Code.DAMAGED


@pytest.mark.parametrize("rows", [1, 30, 30_000])
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_quotation_mark_that_never_closes_is_refused_with_its_row(tmp_path, rows, end):
    (tmp_path / "a").write_text('mobile,name\n13800138000,Wang\n13800138001,"Li\n' + "1380,x\n" * rows + end)
    with pytest.raises(SheetFault) as fault:
        list(open_sheet(tmp_path / "a").rows())
    assert (fault.value.code, fault.value.detail) == (Code.OPEN_QUOTE, {"row": 3})


def test_quotation_marks_that_close_are_no_fault(tmp_path):
    (tmp_path / "a").write_text('mobile,name\n13800138000,"two\nlines"\n13800138001,5" screen\n13800138002,"Li"')
    assert [cells for _row, cells in rows_of(tmp_path / "a")][1:] == [
        ["13800138000", "two\nlines"],
        ["13800138001", '5" screen'],
        ["13800138002", "Li"],
    ]


def test_other_visible_sheets_that_hold_something_are_named(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ["A", "Empty", "Hidden", "B", "Numbers"]:
            sheet = book.add_worksheet(name)
            if name == "Hidden":
                sheet.hide()
            if name == "Empty":
                sheet.set_column(0, 3, 20)
                sheet.write_blank(0, 0, None, book.add_format({"bold": True}))
            elif name == "Numbers":
                sheet.write_number(4, 4, 7)
            else:
                sheet.write_string(0, 0, "13800138000")
    sheet = open_sheet(path)
    assert sheet.unread == ["B", "Numbers"]
    assert sheet.sheets == [
        {"name": "A", "hidden": False, "filled": True},
        {"name": "Empty", "hidden": False, "filled": False},
        {"name": "Hidden", "hidden": True, "filled": True},
        {"name": "B", "hidden": False, "filled": True},
        {"name": "Numbers", "hidden": False, "filled": True},
    ]
    assert list(open_sheet(path, "numbers").rows()) == [(5, [7.0])]
    assert open_sheet(path, "B").unread == ["A", "Numbers"]
    assert list(open_sheet(path, "Empty").rows()) == [], "empty, and that is no fault"
    for name in ("Hidden", "C"):
        with pytest.raises(SheetFault) as fault:
            open_sheet(path, name)
        assert fault.value.code == Code.NO_SUCH_SHEET
        assert fault.value.detail == {"sheet": name, "sheets": ["A", "Empty", "B", "Numbers"]}


def test_two_sheets_of_one_name_are_damage(tmp_path):
    second = b'<sheet name="s" sheetId="2" state="hidden" r:id="rId1"/></sheets>'
    book = files.WORKBOOK.replace(b"</sheets>", second)
    assert refused(files.by_hand(tmp_path / "a", files.numbers(2), **{"xl/workbook.xml": book})) == Code.DAMAGED


def test_csv_cells_written_as_formulas_are_what_they_show(tmp_path):
    (tmp_path / "a").write_text('mobile,no\n="13800138000","=""001"""\n=1+1,="\n')
    assert rows_of(tmp_path / "a")[1:] == [(2, ["13800138000", "001"]), (3, ["=1+1", '="'])]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (1234567.0, "1234567"),
        (99.5, "99.5"),
        (0.1 + 0.2, "0.3"),
        (1e22, "10000000000000000000000"),
        (0.00001, "0.00001"),
        (float("nan"), "nan"),
        (True, "TRUE"),
        (7, "7"),
        (None, ""),
        ("  a b ", "a b"),
        (datetime.date(2026, 3, 1), "2026-03-01"),
        (datetime.datetime(2026, 3, 1), "2026-03-01"),
        (datetime.datetime(2026, 3, 1, 9, 5), "2026-03-01 09:05:00"),
        (datetime.time(9, 5), "09:05:00"),
        (datetime.timedelta(hours=26, minutes=3), "26:03:00"),
    ],
)
def test_cells_as_text(cell, text):
    assert as_text(cell) == text


def test_what_is_written_is_text_whatever_it_looks_like():
    cells = ["=1+1", "+8613800138000", "-1", "@x", "0012", "http://x.example", "{=A1}", "1.38E+10"]
    buffer = io.BytesIO()
    write_rows(buffer, ["=h", *["b"] * 7], [cells, [None, "", 5]])
    sheet = openpyxl.load_workbook(io.BytesIO(buffer.getvalue())).active
    assert [cell.value for cell in sheet[2]] == cells
    assert {cell.data_type for cell in sheet[2]} == {"s"} and sheet["A1"].data_type == "s"
    assert all(cell.hyperlink is None for cell in sheet[2])
    assert sheet["C3"].value == "5" and sheet["C3"].data_type == "s"
    found = python_calamine.load_workbook(io.BytesIO(buffer.getvalue())).get_sheet_by_index(0)
    assert found.to_python()[1] == cells


def test_columns_have_excels_names():
    assert [letter(n) for n in (0, 25, 26, 27, 701, 702)] == ["A", "Z", "AA", "AB", "ZZ", "AAA"]


def test_stored_members_and_members_that_lie_about_their_size(tmp_path):
    path = files.bomb(tmp_path / "a", 64 << 20, declared=10)
    with archives.Archive(path) as unpacked, pytest.raises(SheetFault) as fault:
        unpacked.read(files.SHEET)
    assert fault.value.code == Code.BOMB
