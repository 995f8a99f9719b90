"""Which column is which: by wish, by header, by content."""

import pytest
from django.utils import translation
from django.utils.translation import gettext

from console.lib.values import Variable
from sending.intake import columns as module
from sending.intake.columns import ColumnFault, choose_top, find, headers_digest

NAME = Variable("1", "TEXT", 20, "Name 姓名")
AMOUNT = Variable("2", "MONEY", 20, "amount / 金额")
ROW = ["13800138000", "Li", "9.50"]


def found(rows, variables=(), wanted=None, remembered=(), *, first_column=0, mainland=True, refers=False):
    sample = list(enumerate(rows, 1))
    top, entry = choose_top(sample, wanted or {}, remembered, first_column=first_column, mainland=mainland)
    return find(top, variables, wanted or {}, entry, mainland=mainland, refers=refers)


@pytest.mark.parametrize(
    "header",
    "手机号 手机号码 手机 电话 电话号码 号码 接收号码 number Phone MOBILE tel Telephone msisdn cell recipient".split()  # noqa: SIM905
    + ["phone number", "Mobile Number:", "手机号 Mobile", "手机号(必填)", "*手机号", "Mobile/手机"],
)
def test_the_number_column_by_its_header(header):
    assert found([["note", header], ["x", "12"], ["y", "13"]]).number == 1


@pytest.mark.parametrize(
    "header",
    ["1", "${1}", "变量1", "Variable 1", "var1", "name 姓名", "NAME", "姓名", "Name", "变量${1}", "姓名(必填)"],
)
def test_a_variable_by_its_name_or_either_side_of_its_meaning(header):
    assert found([["金额", header, "mobile", "extra"], ["9", "Li", ROW[0], ""]], [NAME, AMOUNT]).values == (1, 0)


OLD = [Variable("1", "TXT", 8, "Name 姓名", "${TXT_8}"), Variable("2", "DATE", 10, "", "${DATE}")]


@pytest.mark.parametrize("first", ["${TXT_8}", "TXT_8", "txt 8", "1", "${1}", "变量1", "姓名"])
@pytest.mark.parametrize("second", ["${DATE}", "Date", "2", "${2}"])
def test_an_older_variable_by_its_code_its_meaning_or_its_number(first, second):
    columns = found([[second, "mobile", first], ["2026/03/31", ROW[0], "Li"]], OLD)
    assert columns.values == (2, 0) and columns.ways == ("heading",) * 3


def test_an_older_code_that_stands_twice_names_nothing():
    twice = [Variable("1", "NUM", 6, "", "${NUM_6}"), Variable("2", "NUM", 6, "", "${NUM_6}")]
    with pytest.raises(ColumnFault) as fault:
        found([["mobile", "NUM_6", "note", "more"], [ROW[0], "1", "2", "3"]], twice)
    assert fault.value.detail["variables"] == [
        {"name": "1", "meaning": "", "code": "${NUM_6}"},
        {"name": "2", "meaning": "", "code": "${NUM_6}"},
    ]
    assert found([["mobile", "${2}", "${1}"], [ROW[0], "1", "2"]], twice).values == (2, 1)


def test_the_better_word_wins_where_two_columns_could_hold_numbers():
    assert found([["电话", "手机号"], ["021-62345678", ROW[0]]]).number == 1
    assert found([["联系电话", "电话"], ["021-62345678", ROW[0]]]).number == 1


def test_a_variable_of_the_same_words_does_not_lose_its_column():
    hotline = Variable("1", "PHONE", 15, "电话")
    columns = found([["电话", "手机号"], ["4001234567", ROW[0]]], [hotline])
    assert (columns.number, columns.values, columns.first_row) == (1, (0,), 2)


def test_how_the_columns_were_found_is_told():
    both = [NAME, AMOUNT]
    assert found([["手机号", "姓名", "金额"], ROW], both).ways == ("heading", "heading", "heading")
    assert found([ROW, ROW], both).found_by(both) == {"number": "content", "values": {"1": "order", "2": "order"}}
    assert found([["mobile", "姓名", "b"], ROW], both, {"values": {"2": "b"}}).ways == ("heading", "heading", "wish")


def test_without_a_known_header_the_contents_decide():
    columns = found([["客户", "怎么找"], ["王", ROW[0]], ["李", "13800138001"]])
    assert (columns.number, columns.first_row, columns.headers) == (1, 2, ("客户", "怎么找"))


def test_without_headers_the_first_row_counts():
    columns = found([ROW, ["13800138001", "Wang", "8"]], [NAME, AMOUNT], first_column=2)
    assert (columns.number, columns.values, columns.first_row) == (0, (1, 2), 1)
    assert columns.headers == ("C", "D", "E")


def test_a_broken_first_number_is_no_header():
    assert found([["1380013"], ["13800138000"], ["13800138001"]]).first_row == 1


def test_a_row_without_number_below_unknown_headers_is_a_recipients_row():
    columns = found([["客户", "怎么找"], ["王", "无"], ["李", "13800138000"], ["陈", "13800138001"]])
    assert (columns.number, columns.first_row, columns.headers) == (1, 2, ("客户", "怎么找"))


def test_a_title_above_the_headers_is_passed_over():
    columns = found([["March customers", "", ""], ["手机号", "姓名", "金额"], ROW], [NAME, AMOUNT])
    assert (columns.first_row, columns.number, columns.values) == (3, 0, (1, 2))


def test_remaining_columns_in_order_only_when_they_are_exactly_as_many():
    assert found([["mobile", "a", "b"], ROW], [NAME, AMOUNT]).values == (1, 2)
    with pytest.raises(ColumnFault) as fault:
        found([["mobile", "a", "b", "c"], [*ROW, "x"]], [NAME, AMOUNT])
    assert fault.value.code == "variable_without_column"
    assert [item["name"] for item in fault.value.detail["variables"]] == ["1", "2"]
    assert fault.value.detail["headers"] == ["mobile", "a", "b", "c"]


def test_only_the_missing_variable_is_named():
    with pytest.raises(ColumnFault) as fault:
        found([["mobile", "name"], ROW[:2]], [NAME, AMOUNT])
    assert fault.value.detail["variables"] == [{"name": "2", "meaning": "amount / 金额", "code": ""}]


def test_wishes_outrank_headers_and_may_be_letters():
    rows = [["mobile", "other", "name", "x"], ["13800138000", "13900139000", "Li", "Wang"]]
    wanted = {"number": "Other", "values": {"1": "d"}}
    columns = found(rows, [NAME], wanted)
    assert (columns.number, columns.values) == (1, (3,))
    assert columns.described([NAME]) == {"number": "other", "values": {"1": "x"}}


@pytest.mark.parametrize(
    ("rows", "wanted", "code"),
    [
        ([["a", "b"], ["x", "y"]], {}, "no_number_column"),
        ([["a"], ["12"], ["13"]], {}, "no_number_column"),
        ([["mobile"], [ROW[0]]], {"number": "phone"}, "unknown_column"),
        ([["mobile"], [ROW[0]]], {"values": {"1": "Z"}}, "unknown_column"),
        ([["mobile"], [ROW[0]]], {"number": 1}, "unknown_column"),
        ([["mobile"], [ROW[0]]], {"number": -1}, "unknown_column"),
        ([["mobile", "Mobile", "mobile"], [ROW[0], ROW[0], ROW[0]]], {"number": "mobile"}, "number_column_twice"),
        ([["mobile", "mobile"], [ROW[0], "13900139000"]], {}, "number_column_twice"),
    ],
)
def test_what_cannot_be_told_is_a_fault(rows, wanted, code):
    with pytest.raises(ColumnFault) as fault:
        found(rows, [NAME] if "values" in wanted else [], wanted)
    assert fault.value.code == code


def test_two_equal_headers_of_which_one_is_empty_are_no_riddle():
    assert found([["mobile", "mobile"], ["", ROW[0]]]).number == 1


def test_columns_are_wished_by_number_counted_from_a():
    rows = [["mobile", "mobile", "name"], [ROW[0], "13900139000", "Li"]]
    columns = found(rows, [NAME], {"number": 3, "values": {"1": 4}}, first_column=2)
    assert (columns.number, columns.values) == (1, (2,))
    assert found(rows, [NAME], {"number": 0, "values": {"1": ""}}).values == (2,)


@pytest.mark.parametrize(
    ("header", "first_row", "headers"),
    [(True, 3, ("13800138000", "Li")), (False, 2, ("A", "B")), (None, 2, ("A", "B"))],
)
def test_whether_there_are_headers_can_be_wished(header, first_row, headers):
    sample = [(2, [ROW[0], "Li"]), (3, ["13800138001", "Wang"])]
    top, _entry = choose_top(sample, {"header": header}, first_column=0, mainland=True)
    assert (top.first_row, top.headers, top.header_row) == (first_row, headers, 2 if header else 0)


def test_no_headers_wished_makes_a_recipient_of_the_header_row():
    columns = found([["手机号", "x"], [ROW[0], "Li"]], [NAME], {"header": False, "number": 0, "values": {"1": "B"}})
    assert (columns.first_row, columns.headers) == (1, ("A", "B"))


def test_a_title_with_the_word_for_numbers_is_not_taken_for_the_headers():
    assert found([["客户名单（电话）"], ["手机号", "姓名"], ROW[:2]], [NAME]).first_row == 3


def test_a_second_row_of_headers_is_passed_over():
    assert found([["手机号", "姓名"], ["mobile", "name"], ROW[:2]], [NAME]).first_row == 3
    assert found([["手机号", "姓名"], ["1380013", "mobile"], ROW[:2]], [NAME]).first_row == 2, "somebody’s name"


def test_a_row_with_a_number_is_no_header_whatever_else_it_says():
    assert found([[ROW[0], "Mobile"], ["13800138001", "Wang"]], [NAME]).first_row == 1


def remembered(headers, number, values, *, header=True):
    return {"headers": headers_digest(headers), "header": header, "number": number, "values": values}


def test_what_was_remembered_of_these_headers_outranks_their_words():
    rows = [["Mobile ", "OTHER", "name", "ｘ"], [ROW[0], "13900139000", "Li", "Wang"]]
    entry = remembered(["mobile", "other", "Name", "X"], 1, {"1": 3, "gone": 2})
    columns = found(rows, [NAME], {}, [remembered(["a"], 0, {}), entry])
    assert (columns.number, columns.values, columns.ways) == (1, (3,), ("remembered", "remembered"))
    wished = found(rows, [NAME], {"values": {"1": "name"}}, [entry])
    assert (wished.number, wished.values, wished.ways) == (1, (2,), ("remembered", "wish"))
    assert found(rows, [NAME], {"number": 3}, [entry]).values == (2,), "its column is the number’s now"


@pytest.mark.parametrize(
    "entry",
    [
        remembered(["mobile", "name", "note"], 0, {"1": 2}),
        remembered(["mobile", "name"], 0, {"1": 2}),
        remembered(["mobile", "name"], 2, {"1": 1}),
        remembered(["mobile", "name"], 1, {"1": 0}, header=False),
    ],
)
def test_what_was_remembered_of_other_headers_or_columns_does_not_count(entry):
    columns = found([["mobile", "name"], ROW[:2]], [NAME], {}, [entry])
    assert (columns.number, columns.values, columns.ways) == (0, (1,), ("heading", "heading"))


def test_without_headers_it_counts_where_the_numbers_still_stand_in_their_column():
    entry = remembered(["", ""], 1, {"1": 0}, header=False)
    rows = [["Li", ROW[0]], ["Wang", "13800138001"]]
    assert found(rows, [NAME], {}, [entry]).ways == ("remembered", "remembered")
    turned = [row[::-1] for row in rows]
    assert found(turned, [NAME], {}, [entry]).ways == ("content", "order")
    assert found([[*row, "x"] for row in rows], [], {}, [entry]).ways == ("content",), "one column more"


def test_a_mapping_is_what_can_be_remembered():
    rows = [["note", "mobile", "name"], ["x", *ROW[:2]]]
    top, _entry = choose_top(list(enumerate(rows, 1)), {}, first_column=2, mainland=True)
    mapping = find(top, [NAME], {}, mainland=True).mapping([NAME], top)
    assert mapping == {"headers": top.digest, "header": True, "number": 3, "values": {"1": 4}}
    assert found(rows, [NAME], {}, [mapping], first_column=2).ways == ("remembered", "remembered")
    assert found(rows, [NAME], {}, [mapping]).ways == ("heading", "heading"), "the same headers elsewhere"


def test_the_digest_of_headers_is_their_words():
    digest = headers_digest(["Mobile Number", "姓名", ""])
    assert digest == headers_digest(["mobilenumber ", "姓 名"]) == headers_digest(["ＭＯＢＩＬＥ　Number", "姓名"])
    assert digest != headers_digest(["姓名", "Mobile Number"]) != headers_digest(["", "姓名", "Mobile Number"])
    assert headers_digest(["a", "b"]) != headers_digest(["ab"])
    assert headers_digest(["", ""]) != headers_digest(["", "", ""])


REFUSED = [
    ["手机号", "姓名", "文件行号", "原因"],
    [ROW[0], "Li", "17 (2)", "号码过短"],
    ["13800138001", "Wang", "8", "x"],
]


def test_a_file_of_refused_rows_says_which_rows_they_were():
    columns = found(REFUSED, [NAME], refers=True)
    assert (columns.number, columns.values, columns.label) == (0, (1,), 2)
    assert found(REFUSED, [NAME]).label is None
    assert found(
        [["mobile", "Row in the file", "Reason", "any"], [ROW[0], "8", "x", "Li"]], [NAME], refers=True
    ).ways == (
        "heading",
        "order",
    ), "neither column is a value’s"


def test_the_reason_of_a_variable_is_not_that_of_a_refusal():
    why = Variable("1", "TEXT", 20, "原因")
    assert found([["手机号", "原因"], [ROW[0], "x"]], [why], refers=True).values == (1,)
    both = [["手机号", "原因", "文件行号", "原因"], [ROW[0], "x", "8", "y"]]
    assert found(both, [why], refers=True).values == (1,)
    assert found(REFUSED, [NAME], {"values": {"1": 3}}, refers=True).values == (3,), "asked for all the same"


def test_the_headers_of_refused_rows_are_those_of_the_download():
    for words, said in ((module.ROW_HEADERS, "Row in the file"), (module.REASON_HEADERS, "Reason")):
        seen = set()
        for language in ("en", "zh-hans"):
            with translation.override(language):
                seen.add(gettext(said))
        assert seen == words
