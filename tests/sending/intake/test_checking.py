"""Rows and their problems: values, order of the checks, duplicates, and lines that PostgreSQL reads back unchanged."""

import pytest

from console.lib.text import segments
from console.lib.values import ValueFault, Variable, rule, tidy
from sending import states
from sending.intake import checking, labels
from sending.intake.checking import Checker, Kept
from sending.intake.columns import Columns

NAME, AMOUNT = Variable("1", "TEXT", 20), Variable("2", "MONEY", 20)
PIECES = [("text", "【清禾】尊敬的"), ("variable", "1"), ("text", ",您消费"), ("variable", "2"), ("text", "元")]


def checker(variables=(NAME, AMOUNT), pieces=PIECES, *, mainland=True, hidden=(), countries=(), kept=None):
    columns = Columns(0, tuple(range(1, len(variables) + 1)), ("m", "n", "a")[: len(variables) + 1], 2)
    return Checker(
        mainland=mainland,
        variables=variables,
        pieces=pieces,
        columns=columns,
        hidden=set(hidden),
        countries=countries,
        kept=kept,
    )


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        ("TEXT", ["王女士", "Li Lei", "x" * 20, "50%", "a-b", "(中)", "😀", "#1", "A: b", "#SALE!"]),
        ("CHARDIGIT", ["A1024", "0", "x" * 20]),
        ("MONEY", ["0", "99.50", "1234567", "壹佰贰拾元整", "10.1.1.10"]),
        ("DATETIME", ["20260331", "2026-03-31", "2026/03/31", "2026年03月31日", "2026年3月1日", "09:30", "09:30:59"]),
        ("DATETIME", ["09点30分", "09点30", "2024-02-29"]),
        ("PHONE", ["4001234567", "95588", "021-62345678", "+8613800138000", "1"]),
    ],
)
def test_values_that_fit(kind, good):
    check = rule(Variable("1", kind, 15 if kind == "PHONE" else 20))
    assert [check(value) for value in good] == [None] * len(good)


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("TEXT", "", ("value_missing", "7")),
        ("TEXT", "O'Neil", ("value_forbidden", "7:'")),
        ("TEXT", "a.b", ("value_forbidden", "7:.")),
        ("TEXT", "好。", ("value_forbidden", "7:。")),
        ("TEXT", "{x", ("value_forbidden", "7:{")),
        ("TEXT", "<b>", ("value_forbidden", "7:<")),
        ("TEXT", "a\nb", ("value_forbidden", "7:U+000A")),
        ("TEXT", "a\u202eb", ("value_forbidden", "7:U+202E")),
        ("TEXT", "x" * 21, ("value_too_long", "7:21:20")),
        ("CHARDIGIT", "A-1", ("value_kind", "7:CHARDIGIT")),
        ("CHARDIGIT", "Ａ1", ("value_kind", "7:CHARDIGIT")),
        ("MONEY", "-5", ("value_kind", "7:MONEY")),
        ("MONEY", "1,000", ("value_kind", "7:MONEY")),
        ("MONEY", "¥5", ("value_kind", "7:MONEY")),
        ("MONEY", "5.", ("value_kind", "7:MONEY")),
        ("DATETIME", "2026-02-30", ("value_kind", "7:DATETIME")),
        ("DATETIME", "2026-3-1", ("value_kind", "7:DATETIME")),
        ("DATETIME", "25:00", ("value_kind", "7:DATETIME")),
        ("DATETIME", "2026-03-31 09:30", ("value_kind", "7:DATETIME")),
        ("PHONE", "abc", ("value_kind", "7:PHONE")),
        ("PHONE", "1" * 21, ("value_too_long", "7:21:20")),
        ("TEXT", "#N/A", ("error_cell", "7:#N/A")),
        ("TXT", "#DIV/0!", ("error_cell", "7:#DIV/0!")),
        ("MONEY", "#value!", ("error_cell", "7:#value!")),
        ("TEXT", "Err:502", ("error_cell", "7:Err:502")),
    ],
)
def test_values_that_do_not_fit(kind, value, problem):
    assert rule(Variable("7", kind, 20))(value) == problem


def test_invisible_padding_is_removed_before_anything_is_counted():
    assert tidy(" \u00a0王\u200b 女\ufeff\u00a0士 ") == "王 女 士"
    assert tidy("  plain  ") == "plain"


def test_codes_are_those_of_the_ledger():
    codes = {fault.value for fault in ValueFault} | {checking.DUPLICATE, checking.HIDDEN}
    codes |= {checking.COUNTRY_NOT_IN_TEMPLATE, checking.ERROR_CELL}
    assert codes <= set(states.Problem.values)
    assert (checking.QUEUED, checking.INVALID) == (states.MessageState.QUEUED, states.MessageState.INVALID)


def test_a_good_row_and_its_figures():
    check = checker()
    row = check.check(2, ["13800138000", " 王女士 ", 1234567.0])
    assert row == ("+8613800138000", "", ["王女士", "1234567"], "CN", 0, 1, 0, "", "")
    assert check.check(3, ["138 0013 8001", "x", 99.5])[:3] == ("+8613800138001", "138 0013 8001", ["x", "99.5"])
    summary = check.summary()
    assert (summary["good"], summary["repaired"], summary["refused"]) == (1, 1, 0)
    assert summary["repairs"] == {"1": {"n": 1, "example": {"row": 3, "raw": "138 **** 8001", "number": "138****8001"}}}
    assert summary["longest"]["row"] == 2 and summary["longest"]["id_offset"] == 0


@pytest.mark.parametrize(
    ("raw", "number", "shown"),
    [
        ("+86 13800000028", "+8613800000028", "+86 138****0028"),
        ("0086 13700002046", "+8613700002046", "0086 137****2046"),
        ("138-0000-0028", "+8613800000028", "138-****-0028"),
        ("１３８００００００２８", "+8613800000028", "１３８****００２８"),
        ("13800000028.0", "+8613800000028", "138****0028.0"),
        ("13800000028", "+8613800000028", "138****0028"),
        ("0044 7911 123456", "+447911123456", "0044 **** **3456"),
        ("1.3800000028E+10", "+8613800000028", "1****10"),
    ],
)
def test_an_example_shows_what_was_repaired_and_hides_the_digits(raw, number, shown):
    assert checking.masked_as_typed(raw, number) == shown


def test_the_order_of_the_checks():
    check = checker(hidden=[2, 3])
    assert check.check(2, ["nonsense", "", ""])[7] == "hidden"
    assert check.check(3, ["13800138000", "x", "1"])[7] == "hidden"
    assert check.check(4, ["nonsense", "", ""])[7] == "letters"
    assert check.check(5, ["13800138000", "", "1"])[7:] == ("value_missing", "1")
    assert check.check(6, ["13800138000", "x", "1"])[6] == 0  # the earlier ones were not good
    assert check.check(7, ["+8613800138000", "y", "2"])[7:] == ("duplicate", "6")
    assert check.check(8, ["13800138000", "", "2"])[7] == "value_missing"
    assert check.summary()["hidden"] == 2


def test_a_template_is_sent_to_its_countries_only():
    check = checker((), [("text", "Hello")], mainland=False, countries=["SG", "DE"], hidden=[6])
    assert check.check(2, ["+6581234567"])[3:] == ("SG", 0, 1, 0, "", "")
    assert check.check(3, ["+12025550123"]) == (
        "+12025550123", "+12025550123", [], "US", 0, 0, 9, "country_not_in_template", "US"
    )  # fmt: skip
    assert check.check(4, ["+4915123456789"])[6] == 0
    assert check.check(5, ["+12025550123"])[7] == "country_not_in_template", "not a duplicate: it was never good"
    assert check.check(6, ["+12025550123"])[7] == "hidden"
    assert check.check(7, ["12"])[7] != "country_not_in_template"
    assert check.summary()["problems"]["country_not_in_template"]["n"] == 2
    everywhere = checker((), [("text", "Hello")], mainland=False)
    assert everywhere.check(2, ["+12025550123"])[6] == 0, "a template from before names no country"


def test_a_short_row_lacks_values_and_a_blank_one_is_none():
    check = checker()
    assert check.check(2, ["13800138000"])[7:] == ("value_missing", "1")
    assert check.check(3, [" ", "\u00a0", ""]) is None
    assert check.check(4, ["", "x", ""])[7] == "missing"
    assert check.total == 2


def test_refused_rows_keep_what_is_needed_to_correct_them():
    row = checker().check(2, ["1" * 100, "y" * 150, "z"])
    assert row[1] == "1" * 64 and row[2] == ["y" * 100, "z"] and row[5] == 0


@pytest.mark.parametrize("mainland", [True, False])
@pytest.mark.parametrize("length", [1, 40, 54, 55, 140, 400])
def test_segments_are_those_of_the_message_as_sent(mainland, length):
    value = "长" * length if mainland else "x" * length
    long = Variable("1", "TEXT", 500)
    cell = "13800138000" if mainland else "+14155550132"
    pieces = [("text", "【清禾】尊敬的" if mainland else "Dear "), ("variable", "1"), ("text", "x{")]
    row = checker([long], pieces, mainland=mainland).check(2, [cell, value])
    assert row[5] == segments(pieces[0][1] + value + "x{", mainland=mainland)


def test_a_variable_used_twice_counts_twice():
    pieces = [("variable", "1"), ("text", "-"), ("variable", "1")]
    check = checker([Variable("1", "TEXT", 100)], pieces)
    check.check(2, ["13800138000", "x" * 40])
    assert check.summary()["longest"]["characters"] == 81
    assert check.summary()["segments"] == {"2": 1}


def test_lines_escape_what_copy_would_misread():
    assert checking.escaped("a\tb\\c\nd\x00") == "a\\tb\\\\c\\nd\ufffd"
    assert checking.array(['a"b', "c\\d", "NULL", ""]) == '{"a\\\\"b","c\\\\\\\\d","NULL",""}'
    assert checking.array([]) == "{}"


def test_ids_follow_the_counted_rows():
    rows = [(2, ["13800138000"]), (3, ["x"]), (4, [""]), (5, ["13800138001"])]
    lines = checker([], [("text", "Hi")]).lines(rows, first_id=1 << 40, enterprise_id=7, job_id=9, limit=10)
    assert [line.split("\t")[0:5] for line in lines] == [
        [str(1 << 40), "7", "9", "2", "+8613800138000"],
        [str((1 << 40) + 1), "7", "9", "3", ""],
        [str((1 << 40) + 2), "7", "9", "5", "+8613800138001"],
    ]


def test_an_error_of_the_spreadsheet_is_no_number_and_no_value():
    check = checker()
    assert check.check(2, ["#N/A", "x", "1"])[7:] == ("error_cell", "")
    assert check.check(3, ["13800138000", "#REF!", "1"])[7:] == ("error_cell", "1:#REF!")


def test_duplicates_are_told_by_whether_their_message_differs():
    check = checker()
    for row, name in enumerate(["x", "x", "y"], 2):
        check.check(row, ["13800138000", name, "1"])
    assert check.check(5, ["13800138000", "", "1"])[7] == "value_missing"
    assert check.summary()["duplicates"] == {"same": 1, "differ": 1}
    plain = checker([], [("text", "Hi")])
    assert [plain.check(row, ["13800138000"])[7:] for row in (2, 3)] == [("", ""), ("duplicate", "2")]
    assert plain.summary()["duplicates"] == {"same": 1, "differ": 0}


def test_the_last_good_row_of_a_number_can_be_kept():
    rows = [(2, ["13800138000", "x", "1"]), (3, ["13800138001", "x", "1"]), (4, ["+86 13800138000", "y", "1"])]
    rows.append((5, ["13800138000", "", "1"]))
    kept = Kept()
    kept.look_ahead(lambda: checker(kept=kept), rows)
    check = checker(kept=kept)
    assert [check.check(*row)[6:] for row in rows] == [
        (9, "duplicate", "last:4"),
        (0, "", ""),
        (0, "", ""),
        (9, "value_missing", "1"),
    ]
    assert check.summary()["duplicates"] == {"same": 0, "differ": 1}


@pytest.mark.parametrize("last", [False, True])
def test_numbers_of_the_jobs_other_files_are_duplicates_of_those(last):
    kept = Kept({8613800138000: labels.packed(17), 8613800138001: labels.packed(8, 3)})
    rows = [(2, ["13800138000"]), (3, ["13800138001"]), (4, ["13800138002"]), (5, ["13800138002"])]

    def made():
        return checker([], [("text", "Hi")], kept=kept)

    if last:
        kept.look_ahead(made, rows)
    check = made()
    details = [check.check(*row)[8] for row in rows]
    assert details == ["17", "8 (3)", *(["last:5", ""] if last else ["", "4"])]
    assert check.summary()["duplicates"] == {"same": 1, "differ": 0}, "only of this file"


@pytest.mark.parametrize("row", [1, 17, 1_048_576, 50_000_000])
@pytest.mark.parametrize("file", [1, 2, 900])
def test_a_rows_label_survives_its_way(row, file):
    assert labels.unpacked(labels.packed(row, file)) == labels.label(row, file)
    assert labels.parse(labels.label(row, file)) == (file, row)


@pytest.mark.parametrize(
    ("text", "found"),
    [("17", (1, 17)), (" 17（2） ", (2, 17)), ("１７ (2)", (2, 17)), ("17(2)", (2, 17)), ("17 (1)", (1, 17))]
    + [(text, None) for text in ("", "x", "17.5", "17 (x)", "17 (0)", "0", "-3", "17 (2) b", "9" * 30)],
)
def test_labels_as_they_come_back_from_a_sheet(text, found):
    assert labels.parse(text) == found


ABROAD = [("text", "Dear "), ("variable", "1"), ("text", ", come.")]


def test_alphabets_are_counted_with_the_first_cause():
    check = checker([NAME], ABROAD, mainland=False)
    for row, name in enumerate(["Li", "Łukasz", "Müller", "王", "O`Brien"], 2):
        check.check(row, [f"+1202555010{row}", name])
    check.check(7, ["+12025550102", "王"])  # a duplicate is not sent
    summary = check.summary()
    assert summary["alphabets"] == {"gsm7": 2, "ucs2": 3}
    assert summary["why_ucs2"] == {"character": "Ł", "row": 3, "in": "1"}
    assert summary["countries"] == {"US": 5}


def test_a_text_that_gsm7_cannot_hold_makes_all_messages_ucs2():
    check = checker([NAME], [("text", "Dear… "), ("variable", "1")], mainland=False)
    check.check(2, ["+12025550101", "Li"])
    assert check.summary()["alphabets"] == {"gsm7": 0, "ucs2": 1}
    assert check.summary()["why_ucs2"] == {"character": "…", "row": 0, "in": "text"}
    assert checker([], [("text", "…")], mainland=False).summary()["why_ucs2"] == {}, "nobody is sent it"
    mainland = checker()
    mainland.check(2, ["13800138000", "x", "1"])
    assert mainland.summary()["alphabets"] == {"gsm7": 0, "ucs2": 1} and mainland.summary()["why_ucs2"] == {}


def test_the_costliest_is_not_always_the_longest():
    check = checker([Variable("1", "TEXT", 500)], ABROAD, mainland=False)
    for row, name in enumerate(["x" * 140, "王" * 70, "王" * 80, "王" * 75], 2):
        check.check(row, [f"+1202555010{row}", name])
    summary = check.summary()
    assert summary["longest"] == {"row": 2, "id_offset": 0, "segments": 1, "characters": 152}
    assert summary["costliest"] == {"row": 4, "id_offset": 2, "segments": 2, "characters": 92}
    alike = checker([], [("text", "Hi")])
    alike.check(2, ["13800138000"])
    assert alike.summary()["costliest"] == {"segments": 1, "characters": 2}
