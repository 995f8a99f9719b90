"""Every code has its sentences, with the figures in them, in both languages without a crash."""

import pytest
from django.utils import translation

from console.lib.sheets import Code
from sending.intake import problems
from sending.states import Problem
from templates_app.models.template import Variable

VARIABLES = [Variable("1", "TEXT", 20, "Name 姓名"), Variable("2", "MONEY", 20)]


@pytest.mark.parametrize("code", sorted({*Code, *problems.FAULT_CODES, "never heard of"}))
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_fault_says_what_happened_and_what_to_do(code, language):
    with translation.override(language):
        title, advice = problems.describe_fault({"code": str(code)})
    assert title and advice and "%" not in title + advice


def test_every_code_of_the_readers_has_its_own_sentences():
    assert set(map(str, Code)) <= problems.FAULT_CODES


def test_figures_and_names_stand_in_the_sentences():
    assert "1,000,000" in problems.describe_fault({"code": "too_many_rows", "limit": 1_000_000})[0]
    fault = {"code": "variable_without_column", "variables": [{"name": "1", "meaning": "姓名"}], "headers": ["a", "b"]}
    assert problems.describe_fault(fault)[0] == (
        "No column was found for the variable ${1} (姓名). Headers in the file: a, b."
    )
    fault = {"code": "no_such_sheet", "sheet": "May", "sheets": ["March", "April"]}
    assert problems.describe_fault(fault)[0] == (
        "The file has no visible sheet “May”. Visible sheets: “March”, “April”."
    )
    assert "PDF" in problems.describe_fault({"code": "not_a_sheet", "kind": "pdf"})[0]


@pytest.mark.parametrize(
    ("code", "detail", "words"),
    [
        ("duplicate", "8902", "first in row 8,902"),
        ("duplicate", "17 (2)", "first in row 17 of file 2"),
        ("duplicate", "last:1200", "again in row 1,200, which is sent to"),
        ("superseded", "2:letters:", "corrected in file 2"),
        ("fixed_line", "", "a fixed line or a service number; SMS go to mobile numbers only"),
        ("iot", "", "in a number range of IoT cards, which no person reads"),
        ("error_cell", "", "the cell shows an error of the spreadsheet; correct its formula or type the number"),
        ("error_cell", "1:#N/A", "variable ${1} (Name 姓名): the cell shows the error #N/A; correct its formula"),
        ("value_too_long", "2:27:20", "variable ${2}: 27 characters, at most 20"),
        ("value_missing", "1", "variable ${1} (Name 姓名) has no value"),
        ("value_forbidden", "2:'", "variable ${2} contains “'”, which is not allowed in a text"),
        ("value_forbidden", "2:U+000A", "a line break or an invisible character (U+000A)"),
        ("value_kind", "2:MONEY", "variable ${2}: only digits with a decimal point"),
        ("letters", "", "Not a number"),
        ("unheard of", "", "unheard of"),
    ],
)
def test_problems_in_words(code, detail, words):
    assert words in problems.describe_problem(code, detail, VARIABLES)


def test_an_older_variable_is_called_as_it_is_written():
    old = [Variable("1", "TXT", 8), Variable("2", "NUM", 6, "Code")]
    assert problems.describe_problem("value_missing", "1", old) == "variable ${TXT_8} has no value"
    assert problems.describe_problem("value_kind", "2:NUM", old) == "variable ${NUM_6} (Code): only digits 0 to 9"
    fault = {"code": "variable_without_column", "variables": [{"name": "1", "meaning": "", "code": "${TXT_8}"}]}
    assert "${TXT_8}" in problems.describe_fault(fault)[0]


def test_a_country_that_is_not_the_templates_is_named_with_those_that_are():
    def words(country, allowed):
        return problems.describe_problem("country_not_in_template", country, [], allowed)

    assert words("US", ["DE", "SG"]) == (
        "United States is not among the countries that the template is approved for: Germany, Singapore"
    )
    assert words("US", ["DE", "SG", "FR", "IT", "ES", "PT", "AT"]).endswith("Italy, Spain and 2 more")
    with translation.override("zh-hans"):
        assert "美国" in words("US", ["SG"]) and "新加坡" in words("US", ["SG"])


@pytest.mark.parametrize("code", Problem.values)
def test_every_problem_can_be_described_even_without_detail(code):
    assert problems.describe_problem(code, "", [])
