"""What a machine can know of a signature before people review it. The applicant sees it while filling in the form, the
reviewer beside the submission; only reviewers are told of other enterprises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Case, Value, When
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from templates_app import lookalikes
from templates_app.models import MessageType, Signature
from templates_app.models.signature import SignatureSource
from templates_app.models.signature_name import check_name, is_han

Words = str | Promise
# Names that say nothing about who sends; compared by their skeletons.
_GENERIC = """
测试 通知 验证码 短信 消息 提醒 公告 客服 服务 营销 推广 会员 活动 系统 平台 公司 集团 官方 中国
测试签名 短信测试 系统通知 通知短信
验证 动态码 校验码 test tests testing demo notice notification message sms code otp verify hello admin
"""
GENERIC = frozenset(map(lookalikes.skeleton, _GENERIC.split()))
# Words in the names of most companies, which connect nothing.
COMMON = re.compile(
    "股份|有限|责任|公司|集团|科技|技术|网络|信息|电子|商务|贸易|实业|发展|投资|管理|服务|咨询|文化|传媒|中国|北京|上海|广州|深圳|杭州|会员|平台|中心"
)
SHARED_FROM = 2  # characters in a row
CANDIDATES = 200
LOOKALIKES_SHOWN = 5


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    STRONG = "strong"  # a reviewer must not overlook it
    FAULT = "fault"  # cannot be sent in


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    words: Words


@dataclass(frozen=True, slots=True)
class Named:
    """What the checks look at; empty where it is not filled in yet."""

    name: str
    type: str = ""
    source: int = SignatureSource.ENTERPRISE
    source_title: str = ""
    company: str = ""  # that owns it, by the qualification
    enterprise: int = 0  # whose signature it is

    @classmethod
    def of(cls, signature: Signature) -> Named:
        company = signature.qualification.company if signature.qualification else signature.enterprise.name
        return cls(
            name=signature.name,
            type=signature.type,
            source=signature.source,
            source_title=signature.source_title,
            company=company,
            enterprise=signature.enterprise_id,
        )


def findings(named: Named, *, for_staff: bool = False) -> list[Finding]:
    """What to know about it, in the order of the form; with other enterprises' names for staff only."""
    if not named.name:
        return []
    try:
        check_name(named.name)
    except ValidationError as error:
        return [Finding(Level.FAULT, words) for words in error.messages]
    found = [Finding(Level.OK, _("The name has the right form.")), _generic(named), _connected(named)]
    if named.type == MessageType.PROMOTION:
        found.append(
            Finding(Level.WARN, _("Promotion goes only to members who have subscribed, between 08:00 and 22:00."))
        )
    if for_staff:
        found += _others(named)
    return found


def _generic(named: Named) -> Finding:
    if lookalikes.skeleton(named.name) in GENERIC:
        return Finding(
            Level.WARN, _("The name does not say who sends. Use the name of the company, product or service.")
        )
    return Finding(Level.OK, _("The name is not a general word."))


def _connected(named: Named) -> Finding:
    if not named.company and not named.source_title:
        return Finding(Level.WARN, _("Choose a qualification, to see whether the name goes with its company."))
    if any(is_connected(named.name, whole) for whole in (named.company, named.source_title) if whole):
        return Finding(Level.OK, _("The name goes with the company or the source."))
    return Finding(
        Level.WARN,
        _("The name occurs neither in the company’s name nor in the source. Say below what connects them."),
    )


def is_connected(name: str, whole: str) -> bool:
    """Whether people recognise `name` in `whole` (a company, an account, a domain): one contains the other, it is made
    of its characters in order, or they share a word that is no common one.
    """
    a, b = lookalikes.skeleton(name), lookalikes.skeleton(whole)
    if a in b or (len(b) >= SHARED_FROM and b in a):
        return True
    if all(map(is_han, name)):
        rest = iter(b)
        if all(character in rest for character in a):
            return True
    return _share_a_word(name, whole)


def _share_a_word(name: str, whole: str) -> bool:
    pieces = [lookalikes.skeleton(piece) for piece in COMMON.split(name)]
    ground = "|".join(lookalikes.skeleton(piece) for piece in COMMON.split(whole))
    runs = (
        piece[i : i + SHARED_FROM]
        for piece in pieces
        for i in range(len(piece) - SHARED_FROM + 1)
        if is_han(piece[i]) and is_han(piece[i + 1])
    )
    return any(run in ground for run in runs)


def _others(named: Named) -> Iterator[Finding]:
    """The approved signatures of other enterprises that people would take for this one."""
    alike = lookalikes_of(named.name, enterprise=named.enterprise)
    if not alike:
        yield Finding(Level.OK, _("No approved signature of another enterprise looks like it."))
    for other in alike:
        if other.name == named.name:
            words: Any = _("{enterprise} has this very name approved, {type}.")
        else:
            words = _("Looks like {signature} of {enterprise}, {type}.")
        level = Level.STRONG if other.name == named.name else Level.WARN
        said = format_lazy(words, signature=str(other), enterprise=str(other.enterprise), type=other.get_type_display())
        yield Finding(level, said)


def lookalikes_of(name: str, *, enterprise: int) -> list[Signature]:
    """Approved signatures of other enterprises whose names are or look like `name`, the same ones first.

    One query by an index, however many signatures there are.
    """
    looks = lookalikes.looks(name)
    rows = Signature.objects.own().approved().filter(looks__overlap=looks).exclude(enterprise=enterprise)
    same = Case(When(name=name, then=Value(True)), default=Value(False), output_field=BooleanField())
    found = rows.select_related("enterprise").order_by(same.desc(), "pk")[:CANDIDATES]
    return [other for other in found if lookalikes.alike(name, other.name)][:LOOKALIKES_SHOWN]
