"""The columns of a sheet of templates, and the words in its cells: written in the reader's language, read in both.

The vocabulary is part of the file's form, not of the pages: a file made in one language is read in the other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from django.db.models import TextChoices
from django.utils import translation

from accounts.models.application import Region
from console.lib import countries
from templates_app.models import MessageType, VariableKind
from templates_app.models.template import OLD_KINDS, Brackets

LANGUAGES = ("en", "zh-hans")
_JUNK = re.compile(r"[\s:：*＊_\-.。()（）/]+")


@dataclass(frozen=True, slots=True)
class Column:
    """`words`: its header in English and Chinese; `other`: further headers that are understood."""

    key: str
    words: tuple[str, str]
    other: tuple[str, ...] = ()
    region: str = ""  # of templates that have it; empty: of all

    @property
    def header(self) -> str:
        return self.words[is_chinese()]


COLUMNS = (
    Column("name", ("Template name", "模板名称"), ("name", "名称")),
    Column("type", ("Template type", "模板类型"), ("type", "类型", "sms type", "短信类型")),
    Column("application", ("Application", "应用"), ("应用名称", "所属应用")),
    Column("signature", ("Signature", "签名"), ("签名名称",), Region.MAINLAND),
    Column("brackets", ("Brackets of the signature", "签名括号"), ("brackets",), Region.MAINLAND),
    Column(
        "countries",
        ("Countries or regions", "发送国家/地区"),
        ("countries", "country", "country or region", "国家", "国家地区"),
        Region.INTERNATIONAL,
    ),
    Column("text", ("Text", "模板内容"), ("content", "template content", "内容", "短信内容")),
    Column("variables", ("Variables", "变量"), ("变量属性",)),
    Column("purpose", ("When is it sent", "申请说明"), ("description", "purpose", "说明", "使用场景")),
)
REASON = Column("reason", ("What is wrong", "失败原因"))
NEEDED = frozenset({"name", "type", "application", "text"})
UNIVERSAL = ("Universal", "通用")
_UNIVERSAL = frozenset({"universal", "universal signature", "通用", "通用签名"})
_BRACKETS = {
    "【】": Brackets.CHINESE,
    "cn": Brackets.CHINESE,
    "[]": Brackets.SQUARE,
    "gb": Brackets.SQUARE,
}


def is_chinese() -> bool:
    return (translation.get_language() or "").startswith("zh")


def of_region(region: str) -> list[Column]:
    return [column for column in COLUMNS if column.region in ("", region)]


def bare(words: str) -> str:
    return _JUNK.sub("", unicodedata.normalize("NFKC", words).casefold())


@cache
def _by_header() -> dict[str, str]:
    known = {bare(words): column.key for column in (*COLUMNS, REASON) for words in (*column.words, *column.other)}
    return known | {bare(column.key): column.key for column in COLUMNS}


def find(cells: Sequence[str]) -> dict[str, int]:
    """Which column of the sheet holds what, by its row of headers; the first of two that say the same."""
    found: dict[str, int] = {}
    for index, cell in enumerate(cells):
        if key := _by_header().get(bare(cell)):
            found.setdefault(key, index)
    found.pop(REASON.key, None)
    return found


def _both(word: Callable[[], object]) -> list[str]:
    said = []
    for language in LANGUAGES:
        with translation.override(language):
            said.append(str(word()))
    return said


def _words_of(choices: type[TextChoices]) -> dict[str, str]:
    known = {bare(choice.value): choice.value for choice in choices}
    for choice in choices:
        known |= {bare(word): choice.value for word in _both(lambda choice=choice: choice.label)}  # type: ignore[misc]
    return known


@cache
def _types() -> dict[str, str]:
    api = {"verifycodetype": MessageType.VERIFICATION, "notifytype": MessageType.NOTIFICATION}
    return _words_of(MessageType) | api | {"promotiontype": MessageType.PROMOTION, "code": MessageType.VERIFICATION}


def type_of(words: str) -> str | None:
    return _types().get(bare(words))


@cache
def _kinds() -> dict[str, str]:
    known = _words_of(VariableKind)
    return {word: kind for word, kind in known.items() if kind not in OLD_KINDS}


def kind_of(words: str) -> str | None:
    return _kinds().get(bare(words))


def is_universal(words: str) -> bool:
    return unicodedata.normalize("NFKC", words).casefold().strip() in _UNIVERSAL


def brackets_of(words: str) -> str | None:
    """Chinese ones where nothing is said."""
    return _BRACKETS.get(re.sub(r"\s", "", words).casefold()) if words.strip() else Brackets.CHINESE


@cache
def _countries() -> dict[str, str]:
    known = {code.casefold(): code for code in countries.CODES}
    for language in LANGUAGES:
        with translation.override(language):
            known |= {bare(name): code for code, name in countries.choices()}
    return known


def countries_of(words: str) -> tuple[list[str], list[str]]:
    """(codes, what is no country) of names or codes with commas or line ends between."""
    parts = [part.strip() for part in re.split(r"[,，、;；~\n]+", words) if part.strip()]
    found = {part: _countries().get(bare(part)) for part in parts}
    codes = sorted({code for code in found.values() if code})
    return codes, [part for part, code in found.items() if code is None]
