"""Each rule of the check with a text that breaks it, and the smallest change that passes."""

import pytest

from templates_app.models.template import VARIABLE, Variable, old_variable
from templates_app.rules import Level, Subject, Theme, longest_size, measure, precheck, variable_faults

TEXT = Variable("1", "TEXT", 20, "Name", "王岚")
MONEY = Variable("2", "MONEY", 20, "", "99.50")
CODE = Variable("1", "CHARDIGIT", 6, "", "123456")
GOOD = "尊敬的${1}，您本月消费${2}元。"


def variables_of(text, kind="TEXT"):
    """One fitting variable for each of the text."""
    made = []
    for place, inner in enumerate(VARIABLE.findall(text), 1):
        name = inner if inner.isdigit() else str(place)
        example = {"DATE": "2026/03/31", "TIME": "09:30"}.get(inner, "12" if inner.startswith("NUM") else "王岚")
        old = old_variable(name, inner)
        longest = old.longest if old else 20
        made.append(Variable(name, old.kind if old else kind, longest, "Name", example[: longest or None]))
    return tuple(made)


def check(text, **changes):
    changes.setdefault("variables", variables_of(text))
    return precheck(Subject(text, **changes))


def codes(text, level, **changes):
    return {result.code for result in check(text, **changes) if result.level == level}


def faults(text, **changes):
    return codes(text, Level.FAULT, **changes)


def warnings(text, **changes):
    return codes(text, Level.WARN, **changes)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "字" * 500,
        "Hello ${1}, your code ${2}.",
        "第一行\n您的${1}第二行",
        "${1}元",
        "编号${TXT_8}，日期${DATE}，时间${TIME}到",
    ],
)
def test_text_that_may_be_reviewed(text):
    assert faults(text) == set()


STRUCTURE = [
    ("", "length", "您好"),
    ("  \n ", "length", "您好"),
    ("x" * 501, "length", "x" * 500),
    ("您好${2}先生", "variable_order", "您好${1}先生"),
    ("您好${1}和${1}", "variable_order", "您好${1}和${2}"),
    ("您好${2}和${1}", "variable_order", "您好${1}和${2}"),
    ("您好${0}", "variable_order", "您好${1}"),
    ("您好${01}", "variable_order", "您好${1}"),
    ("，".join(f"a{i}${{{i}}}" for i in range(1, 22)), "variable_number",
     "，".join(f"a{i}${{{i}}}" for i in range(1, 21))),
    ("您好${name}", "variable_form", "您好${1}"),
    ("您好${}", "variable_form", "您好"),
    ("您好${123}", "variable_form", "您好${1}"),
    ("您好${1", "variable_form", "您好${1}"),
    ("您好${TXT}", "variable_form", "您好${TXT_8}"),
    ("您好${TXT_0}", "variable_length", "您好${TXT_1}"),
    ("您好${TXT_21}", "variable_length", "您好${TXT_20}"),
    ("您好${NUM_06}", "variable_length", "您好${NUM_6}"),
    ("您好${1}，订单${TXT_8}", "variable_mixed", "您好${1}，订单${2}"),
    ("您好${1}${2}", "variable_apart", "您好${1}，${2}"),
    ("您好${1} \n${2}", "variable_apart", "您好${1}和${2}"),
    ("日期${DATE} ${TIME}", "variable_apart", "日期${DATE}，${TIME}"),
    ("${1}", "meaning", "您好${1}"),
    ("${1}，${2}！", "meaning", "您好${1}，收到${2}！"),
]  # fmt: skip
CHARACTERS = [
    ("【清禾】您好", "signature_in_text", "清禾您好"),
    ("[Qinghe] hello", "signature_in_text", "Qinghe hello"),
    ("您好。【清禾】", "signature_in_text", "您好。清禾"),
    ("您好[一]先生", "brackets", "您好（一）先生"),
    ("您好】先生", "brackets", "您好先生"),
    ("¥100到账", "symbols", "100元到账"),
    ("￥100到账", "symbols", "100元到账"),
    ("好★的", "symbols", "好的"),
    ("好^_^的", "symbols", "好的"),
    ("甲&乙", "symbols", "甲和乙"),
    ("已办√的", "symbols", "已办的"),
    ("注※意", "symbols", "注意"),
    ("您\u202e好", "unseen", "您好"),
    ("您\u200b好", "unseen", "您好"),
    ("您\u00ad好", "unseen", "您好"),
    ("您\x07好", "unseen", "您好"),
    ("您\u3164好", "unseen", "您好"),
    ("您\ue000好", "unseen", "您好"),
]
LINKS = [
    ("查看https://a.example/x/${1}详情", "link_variable", "查看https://a.example/x详情${1}"),
    ("查看https://${1}.example/x详情", "link_variable", "查看https://a.example/x详情${1}"),
    ("查看a.com/${1}详情", "link_variable", "查看a.com/x 详情${1}"),
    ("查看https://bit.ly/x详情", "link_short", "查看https://a.example/x详情"),
    ("查看https://www.t.cn/x详情", "link_short", "查看https://a.example/x详情"),
    ("查看t.cn/A6x9详情", "link_short", "查看a.cn/A6x9详情"),
    ("查看http://10.1.1.1/x详情", "link_number", "查看https://a.example/x详情"),
    ("查看10.1.1.1/x详情", "link_number", "查看10.1.1.1详情"),
    ("查看https://bank.example@evil.example/x详情", "link_hidden", "查看https://bank.example/x详情"),
]


@pytest.mark.parametrize(("wrong", "code", "right"), STRUCTURE + CHARACTERS + LINKS)
def test_a_fault_and_the_smallest_change_that_passes(wrong, code, right):
    assert code in faults(wrong)
    assert code not in faults(right)
    assert faults(right) == set()


def test_faults_say_where_and_quote_what():
    [found] = [r for r in check("您好[一]先生\u202e来") if r.code == "unseen"]
    assert found.spans == ((7, 8),) and found.quotes == ("U+202E RIGHT-TO-LEFT OVERRIDE",)
    [found] = [r for r in check("甲&乙，丙^_^丁&") if r.code == "symbols"]
    assert found.quotes == ("&", "^_^") and found.spans == ((1, 2), (5, 8), (9, 10))
    [found] = [r for r in check("看https://bit.ly/x。") if r.code == "link_short"]
    assert found.quotes == ("https://bit.ly/x",)


@pytest.mark.parametrize(
    ("wrong", "code", "right"),
    [
        ("查看http://a.example/x详情", "link_open", "查看https://a.example/x详情"),
        ("查看a.com/x 详情", "link_scheme", "查看https://a.com/x 详情"),
        ("查看https://xn--fiq.example/详情", "link_lookalike", "查看https://a.example/详情"),
        ("甲https://a.example 乙https://b.example", "link_many", "甲https://a.example 乙"),
        ("您好{name}先生", "variable_form", "您好先生"),
        ("${1}元", "meaning", "本次实付${1}元"),
        ("会员${1}您好拒收请回复R", "unsubscribe", "会员${1}您好"),
        ("清禾到家您好${1}先生", "signature_twice", "您好${1}先生，清禾到家门店见"),
        ("字" * 65, "segments", "字" * 64),
    ],
)
def test_what_is_worth_a_look(wrong, code, right):
    assert code in warnings(wrong, signature="清禾到家")
    assert code not in warnings(right, signature="清禾到家")
    assert faults(wrong, signature="清禾到家") == set()


@pytest.mark.parametrize("text", ["Reply.It is done", "编号3.14号", "10.1.1.1登录", "v1.2.3发布", "张三@公司"])
def test_what_is_no_link(text):
    assert not {code for code in faults(text) | warnings(text) if code.startswith("link")}


CODE_TEXT = "您的验证码为：${1}，请尽快完成验证。"


@pytest.mark.parametrize(
    ("text", "variables", "fault"),
    [
        (CODE_TEXT, [CODE], None),
        ("您的动态码：${NUM_8}", [Variable("1", "NUM", 8, "", "123456")], None),
        ("您的号码为：${1}，请尽快。", [CODE], "keyword"),
        ("您的验证码请查收。", [], "code_variable"),
        ("${1}您好，您的验证码为：${2}。", [TEXT, Variable("2", "CHARDIGIT", 6, "", "1234")], "code_variable"),
        (CODE_TEXT, [Variable("1", "TEXT", 8, "Code", "王")], "code_variable"),
        (CODE_TEXT, [Variable("1", "CHARDIGIT", 9, "", "123456")], "code_variable"),
        (CODE_TEXT, [Variable("1", "CHARDIGIT", 8, "", "123456")], None),
        ("您的动态码：${NUM_9}", [Variable("1", "NUM", 9, "", "123456")], "code_variable"),
        (CODE_TEXT + "退订回T", [CODE], "unsubscribe"),
        (CODE_TEXT + "拒收请回复R", [CODE], "unsubscribe"),
        (CODE_TEXT + "https://a.example", [CODE], "code_link"),
    ],
)
def test_verification_codes(text, variables, fault):
    found = faults(text, type="verification", variables=tuple(variables))
    assert found == ({fault} if fault else set())


@pytest.mark.parametrize(
    ("text", "longest", "fault", "warning"),
    [
        ("Your code is ${NUM_6}.", 6, None, None),
        ("Your code is ${NUM_7}.", 7, "code_variable", None),
        ("Su código es ${NUM_6}.", 6, None, None),
        ("Welcome here: ${NUM_6}.", 6, None, "keyword"),
    ],
)
def test_verification_codes_abroad(text, longest, fault, warning):
    it = {"type": "verification", "mainland": False, "variables": (Variable("1", "NUM", longest, "", "1234"),)}
    assert faults(text, **it) == ({fault} if fault else set())
    assert ("keyword" in warnings(text, **it)) == (warning == "keyword")


@pytest.mark.parametrize(
    ("ending", "fault", "warning"),
    [
        ("拒收请回复R", False, False),
        ("，拒收请回复R。", False, False),
        ("退订回T", False, True),
        ("回复R拒收", False, True),
        ("退订请回复TD", False, True),
        ("拒收请回复", True, False),
        ("", True, False),
    ],
)
def test_promotions_say_how_to_refuse(ending, fault, warning):
    text = f"会员日到店即享好礼，欢迎光临{ending}"
    assert ("unsubscribe" in faults(text, type="promotion")) == fault
    assert ("unsubscribe" in warnings(text, type="promotion")) == warning


def test_promotions_abroad():
    it = {"type": "promotion", "mainland": False}
    assert "unsubscribe" in warnings("Summer shoes are here", **it)
    assert "unsubscribe" not in warnings("Summer shoes are here. Reply STOP to opt out", **it)


@pytest.mark.parametrize(
    ("brackets", "signature", "fault", "warning"),
    [
        ("CN", "Qinghe", False, False),
        ("GB", "Qinghe", True, False),
        ("GB", "清禾", False, True),
        ("GB", "", False, True),
        ("CN", "清禾", False, False),
    ],
)
def test_brackets_of_the_signature(brackets, signature, fault, warning):
    it = {"brackets": brackets, "signature": signature}
    assert ("signature_brackets" in faults(GOOD, **it)) == fault
    assert ("signature_brackets" in warnings(GOOD, **it)) == warning


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("Don’t wait, your parcel came", "’ → '"),
        ("“Qinghe” parcel came", '“ → "'),
        ("Your\u00a0parcel came", "U+00A0 NO-BREAK SPACE → a space"),
        ("Your parcel — it came", "— → -"),
        ("Ｙour parcel came", "Ｙ → Y"),
        ("Your parcel, garçon Jâne", "ç → c"),
        ("Wait…", "… → ..."),
    ],
)
def test_characters_that_force_the_wide_alphabet(text, instead):
    [found] = [r for r in check(text, mainland=False) if r.code == "alphabet"]
    assert found.level == Level.WARN
    assert instead in found.todo


def test_what_the_wide_alphabet_costs():
    text = "Don’t wait. " + "x" * 100
    [found] = [r for r in check(text, mainland=False) if r.code == "alphabet"]
    assert "Segments with it: 2; without: 1." in found.words
    assert "alphabet" not in warnings(text.replace("’", "'"), mainland=False)
    assert "alphabet" not in warnings("您的包裹已到", mainland=False)  # no other alphabet would do
    assert "alphabet" not in warnings("Don’t", mainland=True)
    [twice] = [r for r in check("Price 5 €, ~3 left", mainland=False) if r.code == "alphabet"]
    assert (twice.level, twice.words) == (Level.OK, "Counted as two characters each: ~ €")


@pytest.mark.parametrize(
    ("kind", "longest", "meaning", "example", "level", "code"),
    [
        ("TEXT", 20, "Name", "13800138000", Level.FAULT, "variable_contact"),
        ("TEXT", 20, "Name", "139****0472", Level.FAULT, "variable_contact"),
        ("TEXT", 20, "Name", "010-12345678", Level.FAULT, "variable_contact"),
        ("TEXT", 20, "Name", "加微信qinghe", Level.FAULT, "variable_contact"),
        ("TXT", 20, "", "www.qinghe.example", Level.FAULT, "variable_contact"),
        ("CHARDIGIT", 20, "", "13800138000", Level.WARN, "variable_contact"),
        ("TEXT", 20, "客服电话", "王岚", Level.WARN, "variable_contact"),
        ("TEXT", 20, "Link", "王岚", Level.WARN, "variable_contact"),
        ("TEXT", 20, "When", "16:20", Level.WARN, "variable_kind"),
        ("TEXT", 20, "Day", "2026-03-31", Level.WARN, "variable_kind"),
        ("TEXT", 20, "Order", "82041", Level.WARN, "variable_kind"),
        ("TXT", 20, "", "82041", Level.WARN, "variable_kind"),
    ],
)
def test_variables_wrongly_used(kind, longest, meaning, example, level, code):
    text = "您的订单${TXT_20}已出库" if kind == "TXT" else "您的订单${1}已出库"
    assert code in codes(text, level, variables=(Variable("1", kind, longest, meaning, example),))


@pytest.mark.parametrize(
    ("kind", "meaning", "example"),
    [("TEXT", "Name", "王岚"), ("PHONE", "客服电话", "13800138000"), ("DATETIME", "", "16:20"),
     ("CHARDIGIT", "", "QH20251114083"), ("TEXT", "Floor", "3楼")],
)  # fmt: skip
def test_variables_rightly_used(kind, meaning, example):
    longest = 15 if kind == "PHONE" else 20
    found = check("您的订单${1}已出库", variables=(Variable("1", kind, longest, meaning, example),))
    assert not [r for r in found if r.code.startswith("variable")]


THEMES = (
    Theme("Gambling", ("赌博", "betting"), refuse=True),
    Theme("Bars", ("酒 吧", "bar", "night club", "ＫＴＶ"), refuse=False),
)


@pytest.mark.parametrize(
    ("text", "level", "quote"),
    [
        ("来参与赌博吧", Level.FAULT, "赌博"),
        ("来参与赌 博吧", Level.FAULT, "赌 博"),
        ("Start BETTING now", Level.FAULT, "BETTING"),
        ("Start ｂｅｔｔｉｎｇ now", Level.FAULT, "ｂｅｔｔｉｎｇ"),
        ("新酒吧开业", Level.WARN, "酒吧"),
        ("Two bars here", Level.WARN, "bars"),
        ("The night  club", Level.WARN, "night  club"),
        ("去ktv唱歌", Level.WARN, "ktv"),
        ("Your barcode came", None, ""),
        ("赌${1}博物馆", None, ""),
        ("包裹已到", None, ""),
    ],
)
def test_themes(text, level, quote):
    found = [(r.level, r.quotes) for r in check(text, themes=THEMES) if r.code == "theme"]
    assert found == ([(level, (quote,))] if level else [])


def test_countries_and_twins():
    assert "countries" in faults("Your parcel came", mainland=False, countries_needed=True)
    assert "countries" not in faults("Your parcel came", mainland=False, countries_needed=True, countries=("SG",))
    assert "countries" not in faults(GOOD, countries_needed=True)
    [twin] = [r for r in check(GOOD, twins=("Parcel_01", "Parcel_02")) if r.code == "twin"]
    assert (twin.level, "Parcel_01, Parcel_02" in twin.words) == (Level.WARN, True)


def test_the_table_of_variables_belongs_to_the_text():
    assert "variable_table" in faults(GOOD, variables=(TEXT,))
    assert "variable_table" in faults("编号${TXT_8}到", variables=(Variable("1", "TXT", 9, "", "1a"),))
    assert faults(GOOD, variables=(TEXT, MONEY)) == set()
    assert "variable" in faults(GOOD, variables=(TEXT, Variable("2", "MONEY", 20, "", "王")))


@pytest.mark.parametrize(
    ("variable", "faulty"),
    [
        (Variable("1", "TEXT", 20, "Name", "王"), set()),
        (Variable("1", "TEXT", 20, "", "王"), {"meaning"}),
        (Variable("1", "LONGTEXT", 100, "", "王"), {"meaning"}),
        (Variable("1", "NEWTEXT", 40, "Name", "王" * 40), set()),
        (Variable("1", "NEWTEXT", 41, "Name", "王"), {"longest"}),
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
        (Variable("1", "TEXT", 20, "x" * 101, "a"), {"meaning"}),
        (Variable("1", "TXT", 8, "", "王.岚"), set()),
        (Variable("1", "TXT", 8, "", "王{岚"), {"example"}),
        (Variable("1", "TXT", 2, "", "王岚兰"), {"example"}),
        (Variable("1", "NUM", 6, "", "123456"), set()),
        (Variable("1", "NUM", 6, "", "12-34"), {"example"}),
        (Variable("1", "DATE", 10, "", "2026/03/31"), set()),
        (Variable("1", "DATE", 10, "", "2026-03-31"), set()),
        (Variable("1", "DATE", 10, "", "2026/02/30"), {"example"}),
        (Variable("1", "DATE", 10, "", "20260331"), {"example"}),
        (Variable("1", "CLOCK", 8, "", "09:30"), set()),
        (Variable("1", "CLOCK", 8, "", "09:30:59"), set()),
        (Variable("1", "CLOCK", 8, "", "24:00"), {"example"}),
        (Variable("1", "CLOCK", 8, "", "9点30分"), {"example"}),
    ],
)
def test_variables(variable, faulty):
    assert set(variable_faults(variable)) == faulty


def test_longest_message_counts_signature_brackets_and_variables():
    variables = [Variable("1", "TEXT", 20), Variable("2", "MONEY", 20)]
    size = longest_size(GOOD, variables, signature="清禾会员", mainland=True)
    assert (size.signature, size.fixed, size.variables, size.characters) == (6, 11, 40, 57)
    assert size.segments == 1
    longer = longest_size(GOOD + "字" * 14, variables, signature="清禾会员", mainland=True)
    assert (longer.characters, longer.segments) == (71, 2)


def test_older_variables_count_as_nothing_but_cost_what_they_cost():
    text = "字" * 60 + "${TXT_20}"
    size = longest_size(text, variables_of(text), signature="", mainland=True)
    assert (size.characters, size.older, size.longest, size.segments) == (60, 20, 80, 2)


def test_text_values_abroad_may_force_the_wider_alphabet():
    text = "x" * 100 + "${1}"
    assert longest_size(text, [Variable("1", "CHARDIGIT", 20)], signature="", mainland=False).segments == 1
    assert longest_size(text, [Variable("1", "TEXT", 20)], signature="", mainland=False).segments == 2


@pytest.mark.parametrize(
    ("whole", "mainland", "segments", "over"),
    [("字" * 70, True, 1, 0), ("字" * 77, True, 2, 7), ("字" * 135, True, 3, 1), ("x" * 160, False, 1, 0),
     ("x" * 165, False, 2, 5), ("x" * 320, False, 3, 14), ("€" * 81, False, 2, 2)],
)  # fmt: skip
def test_how_much_less_would_be_a_segment_less(whole, mainland, segments, over):
    found = measure(whole, mainland=mainland)
    assert (found.segments, found.over) == (segments, over)


def test_faults_stand_first():
    levels = [result.level for result in check("http://a.example 您好&" + "${1}")]
    order = [Level.FAULT, Level.WARN, Level.OK]
    assert levels == sorted(levels, key=order.index) and set(levels) == set(order)
