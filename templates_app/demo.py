"""The demo's approved signature and template, made by the moves that people make."""

from __future__ import annotations

from typing import Any

from accounts.models import Application, Enterprise, ReviewState, User
from templates_app import drafts, reviews, signatures
from templates_app.models import MessageTemplate, MessageType, Signature, VariableKind
from templates_app.models.template import Variable

SIGNATURE = "清禾会员"
TEMPLATE = "Points_Notice_01"
TEXT = "尊敬的${1}，您的账户本月消费${2}元，可在任一门店或小程序查看明细。"
VARIABLES = [
    Variable("1", VariableKind.TEXT.value, 20, "Name 姓名", "王岚"),
    Variable("2", VariableKind.MONEY.value, 20, "Amount 金额", "128.50"),
]
PURPOSE = "每月初发给会员，告知上月消费金额。Sent to members at the beginning of each month."


def signature_and_template(
    enterprise: Enterprise, application: Application, people: dict[str, User]
) -> tuple[Signature, MessageTemplate]:
    """Both approved; `people` needs "operator" and "reviewer"."""
    operator, reviewer = people["operator"], people["reviewer"]
    signature = _signature(enterprise, application, operator, reviewer)
    return signature, _template(application, signature, operator, reviewer)


def _signature(enterprise: Enterprise, application: Application, operator: User, reviewer: User) -> Signature:
    wanted: dict[str, Any] = {"enterprise": enterprise, "name": SIGNATURE, "type": MessageType.NOTIFICATION}
    found = Signature.objects.filter(**wanted).order_by("-pk").first()
    if found is None:
        found = Signature(**wanted, application=application, purpose="清禾零售集团会员服务。Our members’ service.")
        signatures.submit(found, by=operator)
    if found.review_state == ReviewState.IN_REVIEW:
        reviews.decide(found, by=reviewer, approve=True)
    return found


def _template(application: Application, signature: Signature, operator: User, reviewer: User) -> MessageTemplate:
    found = MessageTemplate.objects.filter(enterprise=application.enterprise, name=TEMPLATE).first()
    if found is None:
        draft = drafts.Draft(TEMPLATE, MessageType.NOTIFICATION.value, application, signature, TEXT, VARIABLES, PURPOSE)
        found = drafts.save_draft(draft, by=operator).template
    version = found.versions.order_by("number").first()
    assert version is not None  # save_draft makes a template with its first version
    if version.review_state == ReviewState.DRAFT:
        drafts.submit(version, by=operator)
    if version.review_state == ReviewState.IN_REVIEW:
        reviews.decide(version, by=reviewer, approve=True)
    return found
