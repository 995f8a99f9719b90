"""How the demo's enterprises have joined: the one is verified, the other still on trial with its licence in review."""

from __future__ import annotations

import io
from pathlib import Path

from django.db.models.functions import Now
from PIL import Image, ImageDraw, ImageFont

from accounts import agreement_versions, demo_deciding, documents
from accounts.models import Acceptance, Agreement, Contact, Enterprise, OwnNumber, ReviewState, User, Verification
from accounts.models.document import DocumentPurpose
from console.lib import documents as checking

# (credit code with a right check character, address, legal person); nobody's
FACTS = {
    "清禾零售集团": ("91310000MA1DEM123U", "上海市浦东新区东湖路 18 号", "王岚"),
    "禾丰物流": ("91330100MA2DEM567N", "杭州市滨江区江南大道 66 号", "孙浩"),
}
# In our own words; an installation publishes its own.
AGREEMENT = Path(__file__).with_name("demo_agreement")
CONTACT = {"name": "Wang Lan", "email": "wang.lan@qinghe.example", "number": "+8613900000001"}


def joined(enterprise: Enterprise, other: Enterprise, people: dict[str, User]) -> None:
    """Do what is missing: agreement published and accepted, one real name verified, one waiting for review."""
    agreement = _agreement(by=people["administrator"])
    for key in ("owner", "operator", "viewer", "other_owner"):
        person = people[key]
        if person.enterprise:
            Acceptance.objects.get_or_create(
                agreement=agreement, user=person, defaults={"enterprise": person.enterprise}
            )
    verification = _submitted(enterprise, by=people["owner"])
    demo_deciding.approve(verification, people)
    _submitted(other, by=people["other_owner"])
    OwnNumber.objects.get_or_create(
        enterprise=enterprise, number=CONTACT["number"], defaults={"verified_at": verification.submitted_at}
    )
    Enterprise.objects.filter(pk=enterprise.pk, service_number="").update(service_number=CONTACT["number"])
    Enterprise.objects.filter(pk=enterprise.pk, service_mode_chosen_at=None).update(service_mode_chosen_at=Now())


def contact(enterprise: Enterprise) -> None:
    """Who is told from now on; the demo begins with no text about decisions that came before anybody looked."""
    Contact.objects.get_or_create(enterprise=enterprise, name=CONTACT["name"], defaults=CONTACT | {"language": "en"})


def _agreement(*, by: User) -> Agreement:
    if found := Agreement.objects.current():
        return found
    draft = agreement_versions.draft()
    texts = {f"text_{language}": (AGREEMENT / f"{language}.txt").read_text("utf-8") for language in ("en", "zh")}
    texts |= {"changes_en": "", "changes_zh": ""}
    saved = agreement_versions.save(texts, seen=agreement_versions.token(draft), by=by)
    agreement_versions.publish(saved, seen=agreement_versions.token(saved), by=by)
    return saved


def _submitted(enterprise: Enterprise, *, by: User) -> Verification:
    if found := Verification.objects.filter(enterprise=enterprise).order_by("-pk").first():
        return found
    code, address, legal_person = FACTS[enterprise.name]
    checked = checking.check("licence.png", picture(code))
    licence = documents.store(checked, enterprise=enterprise, by=by, purpose=DocumentPurpose.LICENCE)
    made = Verification.objects.create(
        enterprise=enterprise,
        name=enterprise.name,
        credit_code=code,
        address=address,
        legal_person=legal_person,
        licence=licence,
        declared=True,
    )
    made.move(ReviewState.IN_REVIEW, by=by)
    return made


def picture(code: str, title: str = "BUSINESS LICENCE") -> bytes:
    image = Image.new("RGB", (900, 620), "#fbf8ef")
    draw = ImageDraw.Draw(image)
    draw.rectangle((24, 24, 876, 596), outline="#b03a2e", width=6)
    draw.text((90, 90), title, fill="#222", font=ImageFont.load_default(54))
    draw.text((90, 190), "Drawn for the demo; nobody's", fill="#555", font=ImageFont.load_default(30))
    draw.text((90, 300), code, fill="#222", font=ImageFont.load_default(40))
    draw.ellipse((640, 400, 800, 560), outline="#c0392b", width=8)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
