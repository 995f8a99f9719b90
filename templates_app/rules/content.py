"""What a message of each type must say and must not (product reference, 4.3 and 4.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from templates_app.models.message_type import MessageType
from templates_app.models.template import Brackets, VariableKind
from templates_app.rules import links
from templates_app.rules.result import Level, Result, Subject

CODE_LONGEST = 8
CODE_LONGEST_OLD_ABROAD = 6
KEYWORDS = ("验证码", "注册码", "校验码", "动态码")
# Abroad the message may be in any language; these are the words of the commonest.
_KEYWORDS_ABROAD = re.compile(
    r"(?i)\b(?:code|codes|otp|pin|tan|passcode|password|verification|c[oó]digo|codice|kode|kodu|kod|mã)\b"
    r"|验证码|注册码|校验码|动态码|驗證碼|認證碼|校驗碼|認証コード|確認コード|인증번호|인증|код|пароль|รหัส|رمز|कोड|otp"
)
UNSUBSCRIBE = "拒收请回复R"
# Other ways of saying it; a digit or letter to reply with beside a word of refusal.
_NEARLY_UNSUBSCRIBE = re.compile(
    r"(?:拒收|退订|退訂|取消订阅)[^。；;！!\n]{0,6}回?复?\s*[A-Za-z0]{1,3}|回复?\s*[A-Za-z0]{1,3}\s*[^。；;！!\n]{0,3}(?:拒收|退订|退訂|取消订阅)"
)
_STOP_WORDS = re.compile(
    r"(?i)\b(?:stop|unsubscribe|unsub|opt[\s\-]?out|end to|quit|cancel|arr[eê]t|baja|abmelden|sair)\b|退订|退訂|拒收"
)
_CHINESE = re.compile(r"[㐀-䶿一-鿿]")


def code_variable(it: Subject) -> Iterator[Result]:
    """Verification codes have one variable, for the code."""
    if it.type != MessageType.VERIFICATION:
        return
    todo = _("Use one variable, for the code: type “Other number”, at most 8 characters.")
    if any(not code.isdigit() for code in it.codes):
        most = CODE_LONGEST if it.mainland else CODE_LONGEST_OLD_ABROAD
        todo = _("Use one variable, for the code: ${NUM_%(most)s} or shorter.") % {"most": most}
    if len(it.codes) != 1:
        words = _("A verification code has exactly one variable; this text has %(n)s.") % {"n": len(it.codes)}
        yield Result(Level.FAULT, "code_variable", words, todo)
        return
    if not it.variables:
        return
    variable = it.variables[0]
    if variable.kind not in (VariableKind.NUMBER, VariableKind.OLD_NUMBER):
        yield Result(Level.FAULT, "code_variable", _("The variable is not for a code of digits and letters."), todo)
    old_abroad = variable.kind == VariableKind.OLD_NUMBER and not it.mainland
    most = CODE_LONGEST_OLD_ABROAD if old_abroad else CODE_LONGEST
    if variable.longest > most:
        words = _("The code may become %(n)s characters long.") % {"n": variable.longest}
        todo = _("Set its longest value to %(most)s or less.") % {"most": most}
        yield Result(Level.FAULT, "code_variable", words, todo)


def keyword(it: Subject) -> Iterator[Result]:
    if it.type != MessageType.VERIFICATION:
        return
    if it.mainland:
        if not any(word in it.masked for word in KEYWORDS):
            todo = _("Write one of 验证码, 注册码, 校验码, 动态码 in the text.")
            yield Result(Level.FAULT, "keyword", _("The text does not say that it brings a code."), todo)
    elif not _KEYWORDS_ABROAD.search(it.masked):
        todo = _("Say so in the language of the message, such as “verification code” or “OTP”.")
        yield Result(Level.WARN, "keyword", _("The text does not say that it brings a code."), todo)


def unsubscribe(it: Subject) -> Iterator[Result]:
    if it.type == MessageType.PROMOTION:
        yield from _must_unsubscribe(it)
    else:
        yield from _must_not_unsubscribe(it)


def _must_unsubscribe(it: Subject) -> Iterator[Result]:
    if not it.mainland:
        if not _STOP_WORDS.search(it.masked):
            todo = _("Most countries ask for it: add a line such as “Reply STOP to opt out”.")
            yield Result(Level.WARN, "unsubscribe", _("The promotion does not say how to refuse more."), todo)
    elif UNSUBSCRIBE not in it.masked:
        todo = _("Write %(words)s at the end of the text.") % {"words": UNSUBSCRIBE}
        if near := _NEARLY_UNSUBSCRIBE.search(it.masked):
            words = _("The way to refuse is not written as carriers expect it.")
            yield Result(Level.WARN, "unsubscribe", words, todo, (near.span(),), (near[0],))
        else:
            yield Result(Level.FAULT, "unsubscribe", _("The promotion does not say how to refuse more."), todo)


def _must_not_unsubscribe(it: Subject) -> Iterator[Result]:
    exact = it.masked.find(UNSUBSCRIBE)
    near = _NEARLY_UNSUBSCRIBE.search(it.masked)
    span = (exact, exact + len(UNSUBSCRIBE)) if exact >= 0 else near.span() if near else None
    if span is None:
        return
    quote = (it.text[span[0] : span[1]],)
    if it.type == MessageType.VERIFICATION:
        words = _("A verification code has no way to unsubscribe.")
        yield Result(Level.FAULT, "unsubscribe", words, _("Take these words out."), (span,), quote)
    else:
        words = _("A notification needs no way to unsubscribe.")
        todo = _("Take these words out, or choose the type promotion if it is one.")
        yield Result(Level.WARN, "unsubscribe", words, todo, (span,), quote)


def code_links(it: Subject) -> Iterator[Result]:
    if it.type == MessageType.VERIFICATION and (found := links.find(it.masked)):
        spans = tuple((link.start, link.end) for link in found)
        quotes = tuple(it.text[start:end] for start, end in spans)
        words = _("A verification code has no links.")
        yield Result(Level.FAULT, "code_link", words, _("Take the link out."), spans, quotes)


def signature(it: Subject) -> Iterator[Result]:
    """The signature stands in front by itself; its name at an end of the text would be read twice."""
    if not it.mainland or not it.signature:
        return
    text, name = it.masked, it.signature
    bare = text.strip(" \n，,。.!！:：-—")
    if not (bare.startswith(name) or bare.endswith(name)):
        return
    start = text.find(name) if bare.startswith(name) else text.rfind(name)
    yield Result(
        Level.WARN,
        "signature_twice",
        _("The name of the signature stands at an end of the text, too."),
        _("People read it twice: the signature is put in front by itself."),
        ((start, start + len(name)),),
        (name,),
    )


def brackets_choice(it: Subject) -> Iterator[Result]:
    if not it.mainland or it.brackets != Brackets.SQUARE:
        return
    todo = _("Choose the brackets 【】.")
    if it.signature and not _CHINESE.search(it.signature):
        words = _("A signature without Chinese characters is refused in the brackets [ ].")
        yield Result(Level.FAULT, "signature_brackets", words, todo)
    else:
        words = _("Many mainland carriers take signatures in the brackets 【】 only.")
        yield Result(Level.WARN, "signature_brackets", words, todo)


def countries(it: Subject) -> Iterator[Result]:
    if not it.mainland and it.countries_needed and not it.countries:
        words = _("No country or region is chosen.")
        yield Result(Level.FAULT, "countries", words, _("Choose where the messages of this template go."))


def twins(it: Subject) -> Iterator[Result]:
    if it.twins:
        names = ", ".join(it.twins)
        words = _("The application already has this text: %(names)s.") % {"names": names}
        yield Result(Level.WARN, "twin", words, _("Use that template, unless this one is for something else."))
