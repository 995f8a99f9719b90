import pytest

from templates_app import rules
from templates_app.models.template import Variable

GOOD = "尊敬的${1}，您本月消费${2}元。"
TOO_LONG, NUMBERS, FORM, APART, BRACKETS, SYMBOLS, SPEAKS = (
    "Write 1 to 500",
    "Number the variables",
    "A variable is written as",
    "Two variables stand next",
    "Leave out the brackets",
    "Leave out the symbols",
    "Write words around",
)


@pytest.mark.parametrize("text", [GOOD, "x" * 500, "Hello ${1}, code ${2}.", "第一行\n${1}第二行", "${1}元"])
def test_text_that_may_be_reviewed(text):
    assert rules.text_faults(text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", TOO_LONG),
        ("  \n ", TOO_LONG),
        ("x" * 501, TOO_LONG),
        ("您好${2}", NUMBERS),
        ("您好${1}和${1}", NUMBERS),
        ("您好${2}和${1}", NUMBERS),
        ("您好${0}", NUMBERS),
        ("您好${01}", NUMBERS),
        ("，".join(f"a${{{i}}}" for i in range(1, 22)), NUMBERS),
        ("您好${name}", FORM),
        ("您好${}", FORM),
        ("您好${123}", FORM),
        ("您好${1", FORM),
        ("您好${1}${2}", APART),
        ("您好${1} \n${2}", APART),
        ("【清禾】您好", BRACKETS),
        ("您好[1]", BRACKETS),
        ("¥100", SYMBOLS),
        ("好^_^", SYMBOLS),
        ("A&B", SYMBOLS),
        ("注※意", SYMBOLS),
        ("${1}", SPEAKS),
        ("${1}，${2}！", SPEAKS),
    ],
)
def test_text_that_may_not(text, fault):
    assert any(str(words).startswith(fault) for words in rules.text_faults(text))


@pytest.mark.parametrize(
    ("variable", "faulty"),
    [
        (Variable("1", "TEXT", 20, "Name", "王"), set()),
        (Variable("1", "TEXT", 20, "", "王"), {"meaning"}),
        (Variable("1", "MONEY", 20, "", "9.5"), set()),
        (Variable("1", "PHONE", 16, "", "139"), {"longest"}),
        (Variable("1", "MONEY", 0, "", "9"), {"longest", "example"}),
        (Variable("1", "MONEY", 3, "", "9.50"), {"example"}),
        (Variable("1", "MONEY", 3, "", " "), {"example"}),
        (Variable("1", "OTHER", 3, "", "x"), {"kind"}),
        (Variable("1", "MONEY", 20, "", "不是数字"), {"example"}),
        (Variable("1", "DATETIME", 20, "", "2026-02-30"), {"example"}),
        (Variable("1", "DATETIME", 20, "", "2026-02-28"), set()),
        (Variable("1", "PHONE", 15, "", "400-123-4567"), set()),
        (Variable("1", "CHARDIGIT", 20, "", "A 1"), {"example"}),
        (Variable("1", "TEXT", 20, "Name", "a.b"), {"example"}),
        (Variable("1", "TEXT", 20, "Name", "a\nb"), {"example"}),
    ],
)
def test_variables(variable, faulty):
    assert set(rules.variable_faults(variable)) == faulty


def test_longest_message_counts_signature_brackets_and_variables():
    variables = [Variable("1", "TEXT", 20), Variable("2", "MONEY", 20)]
    size = rules.longest_size(GOOD, variables, signature="清禾会员", mainland=True)
    assert (size.signature, size.fixed, size.variables, size.characters) == (6, 11, 40, 57)
    assert size.segments == 1
    longer = rules.longest_size(GOOD + "字" * 14, variables, signature="清禾会员", mainland=True)
    assert (longer.characters, longer.segments) == (71, 2)


def test_text_values_abroad_may_force_the_wider_alphabet():
    text = "x" * 100 + "${1}"
    assert rules.longest_size(text, [Variable("1", "CHARDIGIT", 20)], signature="", mainland=False).segments == 1
    assert rules.longest_size(text, [Variable("1", "TEXT", 20)], signature="", mainland=False).segments == 2
