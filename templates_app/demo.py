"""The demo's approved qualification, signature and template, made by the moves that people make."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts import demo_deciding, demo_joining, documents
from accounts.models import Application, Document, Enterprise, ReviewState, User
from accounts.models.document import DocumentPurpose
from console.lib import documents as checking
from templates_app import channels, drafts, signatures
from templates_app.models import MessageTemplate, MessageType, Qualification, Signature, VariableKind
from templates_app.models.qualification import CertificateKind, ManagerKind, Purpose
from templates_app.models.signature import Registration
from templates_app.models.template import Variable

SIGNATURE = "清禾会员"
CHANNEL_NUMBER = "106905504276"
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
    """Both approved, usable at once; `people` needs "owner", "operator", "reviewer" and "administrator"."""
    qualification = _qualification(enterprise, people)
    signature = _signature(enterprise, application, qualification, people)
    return signature, _template(application, signature, people)


def _qualification(enterprise: Enterprise, people: dict[str, User]) -> Qualification:
    """Of the enterprise itself, with drawn papers that are nobody's."""
    if found := Qualification.objects.filter(enterprise=enterprise).order_by("-pk").first():
        return found
    owner = people["owner"]
    enterprise.refresh_from_db()  # verified a moment ago, through another instance

    def paper(name: str, title: str, purpose: DocumentPurpose) -> Document:
        checked = checking.check(f"{name}.png", demo_joining.picture(enterprise.credit_code, title))
        return documents.store(checked, enterprise=enterprise, by=owner, purpose=purpose)

    made = Qualification(
        enterprise=enterprise,
        name="清禾零售集团自用",
        purpose=Purpose.OWN,
        company=enterprise.name,
        credit_code=enterprise.credit_code,
        certificate_kind=CertificateKind.LICENCE,
        certificate=paper("licence", "BUSINESS LICENCE", DocumentPurpose.LICENCE),
        manager_kind=ManagerKind.LEGAL_PERSON,
        manager_name="王岚",
        manager_number=demo_joining.CONTACT["number"],
        manager_number_proved_at=timezone.now(),
        manager_email=demo_joining.CONTACT["email"],
        id_front=paper("id-front", "ID CARD, PORTRAIT SIDE", DocumentPurpose.IDENTITY),
        id_back=paper("id-back", "ID CARD, EMBLEM SIDE", DocumentPurpose.IDENTITY),
        id_in_hand=paper("id-in-hand", "ID CARD IN HAND", DocumentPurpose.IDENTITY),
        declared=True,
    )
    made.id_number = "310101198001010018"
    made.save()
    made.move(ReviewState.IN_REVIEW, by=owner)
    demo_deciding.approve(made, people)
    return made


def _signature(
    enterprise: Enterprise, application: Application, qualification: Qualification, people: dict[str, User]
) -> Signature:
    wanted: dict[str, Any] = {"enterprise": enterprise, "name": SIGNATURE, "type": MessageType.NOTIFICATION}
    found = Signature.objects.filter(**wanted).order_by("-pk").first()
    if found is None:
        purpose = "清禾零售集团会员服务。Our members’ service."
        found = Signature(**wanted, application=application, qualification=qualification, purpose=purpose)
        signatures.submit(found, by=people["operator"])
    demo_deciding.approve(found, people)
    if found.registration == Registration.NONE and not found.legacy:
        channels.assign(found, CHANNEL_NUMBER, by=people["administrator"])
    return found


def _template(application: Application, signature: Signature, people: dict[str, User]) -> MessageTemplate:
    operator = people["operator"]
    found = MessageTemplate.objects.filter(enterprise=application.enterprise, name=TEMPLATE).first()
    if found is None:
        draft = drafts.Draft(TEMPLATE, MessageType.NOTIFICATION.value, application, signature, TEXT, VARIABLES, PURPOSE)
        found = drafts.save_draft(draft, by=operator).template
    version = found.versions.order_by("number").first()
    assert version is not None  # save_draft makes a template with its first version
    if version.review_state == ReviewState.DRAFT:
        drafts.submit(version, by=operator)
    demo_deciding.approve(version, people)
    return found
