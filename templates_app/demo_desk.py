"""What waits on the demo's desk: something of most kinds, sent in by people of both enterprises."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from accounts import demo_deciding, requests
from accounts.models import Application, Enterprise, Request, RequestKind, User
from accounts.models.application import Region
from templates_app import drafts, signatures
from templates_app.models import MessageTemplate, MessageType, Qualification, Signature, VariableKind
from templates_app.models.template import Variable

INTERNATIONAL = "Overseas shop"
SIGNATURES = [
    ("清禾优选", MessageType.NOTIFICATION, "清禾优选小程序的订单通知。Orders placed in our mini-program."),
    ("清禾福利", MessageType.PROMOTION, "会员周活动，仅发给已订阅会员。Member offers, to subscribers only."),
]
ORDER = [
    Variable("1", VariableKind.NUMBER.value, 20, "Order number 订单号", "QH20261114083"),
    Variable("2", VariableKind.TEXT.value, 20, "Pickup point 自提点", "东湖店自提点"),
    Variable("3", VariableKind.TIME.value, 16, "Last day 截止日期", "2026-11-30"),
]
# (name, type, text, variables, purpose); the first was rejected once, and is sent in again without the link
REJECTED_TEXT = "您的订单${1}已到${2}，请于${3}前领取。点击 qinghe.example 领取 5 元券。"
TEMPLATES: list[tuple[str, MessageType, str, list[Variable], str]] = [
    (
        "Order_Pickup_01",
        MessageType.NOTIFICATION,
        "您的订单${1}已到${2}，请于${3}前凭取件码领取。",
        ORDER,
        "订单到店后发给下单会员。Sent to the buyer once the order has reached the shop.",
    ),
    (
        "Points_Notice_02",
        MessageType.NOTIFICATION,
        "尊敬的${1}，您的账户本月消费${2}元，积分已到账，可在任一门店查看。",
        [
            Variable("1", VariableKind.TEXT.value, 20, "Name 姓名", "王岚"),
            Variable("2", VariableKind.MONEY.value, 20, "Amount 金额", "128.50"),
        ],
        "每月初发给会员。Sent to members at the beginning of each month.",
    ),
]
ABROAD = (
    "Overseas_Shipped_01",
    MessageType.NOTIFICATION,
    "Your order ${1} has been shipped and arrives on ${2}.",
    [
        Variable("1", VariableKind.NUMBER.value, 20, "Order number", "QH20261114083"),
        Variable("2", VariableKind.TIME.value, 20, "Day of arrival", "2026-11-30"),
    ],
    "Sent to buyers abroad when their parcel leaves the warehouse.",
)


def waiting(made: dict[str, Any], signature: Signature) -> None:
    """Send in what is missing; `made` is what accounts.demo has made, `signature` an approved one."""
    enterprise, application, operator = made["enterprise"], made["application"], made["operator"]
    _signatures(enterprise, application, signature.qualification, by=operator)
    for name, kind, text, variables, purpose in TEMPLATES:
        draft = drafts.Draft(name, kind.value, application, signature, text, variables, purpose)
        _template(draft, people=made)
    abroad = _application(enterprise, by=made["owner"])
    name, kind, text, variables, purpose = ABROAD
    _template(
        drafts.Draft(name, kind.value, abroad, None, text, variables, purpose, countries=("SG", "TH")), people=made
    )
    wanted = enterprise.international_applications_max + 2
    why = "Two more brands that sell abroad, each with a program of its own."
    _request(enterprise, RequestKind.INTERNATIONAL_APPLICATIONS, wanted, why, by=made["owner"])
    why = "How long do you keep what was sent? Our auditors ask for 24 months."
    _request(made["other"], RequestKind.OTHER, None, why, by=made["other_owner"])


def _signatures(
    enterprise: Enterprise, application: Application, qualification: Qualification | None, *, by: User
) -> None:
    for name, kind, purpose in SIGNATURES:
        wanted = {"enterprise": enterprise, "name": name, "type": kind}
        if not Signature.objects.filter(**wanted).exists():
            fields: dict[str, Any] = wanted | {"qualification": qualification, "purpose": purpose}
            signatures.submit(Signature(application=application, **fields), by=by)


def _template(draft: drafts.Draft, *, people: dict[str, Any]) -> None:
    if MessageTemplate.objects.filter(enterprise=draft.application.enterprise, name=draft.name).exists():
        return
    by = people["operator"]
    again = draft.name == TEMPLATES[0][0]
    first = replace(draft, text=REJECTED_TEXT) if again else draft
    version = drafts.save_draft(first, by=by)
    drafts.submit(version, by=by)
    if again:
        demo_deciding.reject(version, people, reason="A coupon is promotion.", reason_zh="优惠券属于推广内容。")
        second = drafts.new_version(version.template, by=by)
        drafts.submit(drafts.save_draft(draft, by=by, version=second), by=by)


def _application(enterprise: Enterprise, *, by: User) -> Application:
    if found := Application.objects.filter(enterprise=enterprise, name=INTERNATIONAL).first():
        return found
    made = Application(enterprise=enterprise, name=INTERNATIONAL, region=Region.INTERNATIONAL, created_by=by)
    made.issue_key()
    made.save()
    return made


def _request(enterprise: Enterprise, kind: RequestKind, wanted: int | None, why: str, *, by: User) -> None:
    if not Request.objects.filter(enterprise=enterprise, kind=kind).exists():
        requests.submit(Request(enterprise=enterprise, kind=kind, wanted=wanted, why=why), by=by)
