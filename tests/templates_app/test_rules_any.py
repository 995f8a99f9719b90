"""The check over any text at all: it never fails, it is quick, and what passes can be sent with values that fit."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.lib import values as rows
from templates_app.models import MessageTemplate, TemplateVersion, VariableKind
from templates_app.models.template import LONGEST, VARIABLE, Variable, old_variable
from templates_app.rules import Subject, Theme, precheck

PIECES = [
    "${1}", "${2}", "${3}", "${TXT_8}", "${NUM_6}", "${DATE}", "${TIME}", "${", "}", "{x}", "【清禾】", "[", "]",
    "您好", "验证码", "拒收请回复R", "退订回T", "https://a.example/x", "http://bit.ly/", "10.1.1.1/",
    "www.", "xn--", "@", "&", "^_^", "\u202e", "\n",
    " ", "“", "€", "a.com", "code ", "您的订单", "已发货，", "。", "\0", "STOP",
]  # fmt: skip
texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.tuples(st.lists(st.sampled_from(PIECES), max_size=8), st.text(max_size=20)).map(lambda t: "".join(t[0]) + t[1]),
)
variables = st.builds(
    Variable,
    name=st.sampled_from([str(i) for i in range(1, 5)]),
    kind=st.sampled_from([*VariableKind.values, "OTHER"]),
    longest=st.integers(-1, 120),
    meaning=st.text(max_size=12),
    example=st.one_of(st.text(max_size=12), st.sampled_from(["13800138000", "16:20", "99.5", "a.com", "王岚"])),
)
THEMES = (Theme("A", ("赌博", "bar", " ", "ﬁ"), refuse=True), Theme("B", ("您好",)))
VALUES = {
    "TEXT": "王岚", "CHARDIGIT": "A1", "MONEY": "9.5", "DATETIME": "16:20", "PHONE": "139", "NEWTEXT": "王",
    "LONGTEXT": "王", "TXT": "a.b", "NUM": "12", "DATE": "2026/03/31", "CLOCK": "09:30",
}  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    texts,
    st.lists(variables, max_size=4),
    st.sampled_from(["verification", "notification", "promotion", ""]),
    st.booleans(),
    st.sampled_from(["", "清禾", "Qinghe"]),
    st.sampled_from(["CN", "GB"]),
)
def test_it_never_fails(text, held, kind, mainland, signature, brackets):
    it = Subject(
        text, tuple(held), kind, mainland, signature, brackets, themes=THEMES, countries_needed=True, twins=("X",)
    )
    for result in precheck(it):
        assert str(result.words)
        assert all(0 <= start < end <= len(text) for start, end in result.spans)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join), st.sampled_from(VariableKind.values[:7]))
def test_what_passes_can_be_sent_with_every_value_that_fits(text, kind):
    held = []
    for place, inner in enumerate(VARIABLE.findall(text), 1):
        old = old_variable(str(place), inner)
        name, of, longest = (
            (inner, kind, LONGEST[VariableKind(kind)]) if old is None else (old.name, old.kind, old.longest)
        )
        held.append(Variable(name, of, longest, "Name", VALUES[of]))
    if any(result.is_fault for result in precheck(Subject(text, tuple(held)))):
        return
    version = TemplateVersion(template=MessageTemplate(), text=text, variables=[])
    version.__dict__["typed_variables"] = held
    values = [VALUES[v.kind] for v in held]
    for variable, value in zip(held, values, strict=True):
        assert rows.rule(rows.Variable(variable.name, variable.kind, variable.longest))(value) is None
    message = version.render(values)
    assert "${" not in message and all(value in message for value in values)


NASTY = [
    "a.",
    "${1",
    "{",
    "[",
    "9",
    "www.",
    "拒收",
    "回复A ",
    "1.1.1.1/",
    " ${1} ",
    "a-",
    "\0",
    "【",
    "^_^",
    "http://",
    "赌 ",
    "酒吧bar ",
]


@pytest.mark.parametrize("piece", NASTY)
def test_a_million_characters_and_the_worst_500_are_answered_at_once(piece):
    lists = tuple(Theme(str(n), tuple(f"词{n}{i}" for i in range(20)) + (f"word{n}",)) for n in range(40))
    precheck(Subject("您好", themes=lists))  # the patterns of the words are made once
    for text in (piece * (1_000_000 // len(piece)), (piece * 500)[:500]):
        started = time.perf_counter()
        precheck(Subject(text, type="promotion", themes=lists))
        precheck(Subject(text, mainland=False, themes=lists))
        assert time.perf_counter() - started < 0.5
