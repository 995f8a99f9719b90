"""What an enterprise does with its qualifications: sent in, withdrawn, deleted. Product reference, 3.2.

Locks in this order: the reviewers' calendar, the qualification, the enterprise.
"""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import documents, modes, reviewing
from accounts.models import Document, Enterprise, ReviewDesk, ReviewState, User
from accounts.models.application import Region
from accounts.models.review import CHANGED, LIVE
from console.lib.documents import Checked
from console.lib.errors import NotAllowed
from templates_app import manager_numbers, qualification_papers, signatures
from templates_app.models import Qualification
from templates_app.models.qualification import ManagerKind, Purpose, manager_mac

DELETE_MOST = 100
AGAIN = frozenset({ReviewState.REJECTED, ReviewState.WITHDRAWN})
NO_LETTER = gettext_lazy("Add the letter of attorney: the company that owns the signature allows you to act for it.")
NOT_PROVED = gettext_lazy("Have a code sent to this number, and enter it here.")


@dataclass(frozen=True, slots=True)
class Claim:
    """What an enterprise says, checked as far as a form can. The truth of it was declared."""

    form: uuid.UUID
    name: str
    purpose: str
    company: str
    credit_code: str
    certificate_kind: str
    manager_kind: str
    manager_name: str
    id_number: str  # "": the one of the submission that this one replaces
    manager_number: str  # E.164
    manager_email: str
    remark: str
    papers: dict[str, Checked | Document]  # by field


def made_with(form: uuid.UUID, enterprise: Enterprise) -> Qualification | None:
    """What this form was sent in as, if it was."""
    return Qualification.objects.filter(enterprise=enterprise, form=form).first()


def same_name(one: str, other: str) -> bool:
    """Whether two company names differ in nothing but width, capitals and spaces."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def company_faults(enterprise: Enterprise, purpose: str, company: str, credit_code: str) -> dict[str, str | Promise]:
    """What speaks against this company for this purpose, by field."""
    if purpose == Purpose.OWN:
        if not enterprise.is_verified:
            return {
                "purpose": _(
                    "The real name of your enterprise is not verified yet, so it cannot be compared. Verify it first:"
                    " Your enterprise, Real name."
                )
            }
        faults: dict[str, str | Promise] = {}
        if not same_name(company, enterprise.name):
            faults["company"] = _(
                "For self-use this is the verified name of your enterprise: %(name)s. For another company choose"
                " third-party business use."
            ) % {"name": enterprise.name}
        if enterprise.credit_code and credit_code != enterprise.credit_code:
            faults["credit_code"] = _("For self-use this is the verified code of your enterprise: %(code)s.") % {
                "code": enterprise.credit_code
            }
        return faults
    if enterprise.is_verified and (
        same_name(company, enterprise.name) or (enterprise.credit_code and credit_code == enterprise.credit_code)
    ):
        return {"purpose": _("This is your own enterprise. Choose self-use, and no letter of attorney is needed.")}
    return {}


def agent_of_another(enterprise: Enterprise, id_number: str, credit_code: str) -> Qualification | None:
    """A qualification of this enterprise in which the same agent acts for another company."""
    others = Qualification.objects.filter(
        enterprise=enterprise,
        manager_kind=ManagerKind.AGENT,
        manager_mac=manager_mac(id_number),
        review_state__in=LIVE,
        removed_at__isnull=True,
    )
    return others.exclude(credit_code=credit_code).order_by("pk").first()


def agent_fault(other: Qualification) -> str:
    return _(
        "In the qualification “%(name)s” this agent acts for %(company)s. Carriers accept an agent for one company"
        " only: name another person."
    ) % {"name": other, "company": other.company}


@transaction.atomic
def submit(claim: Claim, *, enterprise: Enterprise, by: User, before: Qualification | None = None) -> Qualification:
    """Send it in for review. `before`: the rejected or withdrawn one that it replaces, which leaves the list."""
    if before is None:
        ReviewDesk.hold()
    else:
        before.hold()
    held = Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    if made := made_with(claim.form, held):
        return made
    if before is not None and (before.removed_at is not None or before.review_state not in AGAIN):
        raise NotAllowed(CHANGED)
    held.check_active()
    modes.check_region(held, Region.MAINLAND)
    made = _filled(claim, held, before)
    _check(made, held)
    for field, paper in claim.papers.items():
        setattr(made, field, _stored(field, paper, enterprise=held, by=by))
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as error:
        raise NotAllowed(_("You already have a qualification with this name.")) from error
    qualification_papers.settle(claim.form, {document.pk for _label, document in made.documents}, by=by)
    made.move(ReviewState.IN_REVIEW, by=by)
    if before is not None:
        reviewing.remove(before, by=by)
    return made


def _filled(claim: Claim, enterprise: Enterprise, before: Qualification | None) -> Qualification:
    if not (proved := manager_numbers.proved_at(enterprise, claim.manager_number)):
        raise NotAllowed(NOT_PROVED)
    made = Qualification(
        enterprise=enterprise,
        form=claim.form,
        name=claim.name,
        purpose=claim.purpose,
        company=claim.company,
        credit_code=claim.credit_code,
        certificate_kind=claim.certificate_kind,
        manager_kind=claim.manager_kind,
        manager_name=claim.manager_name,
        manager_number=claim.manager_number,
        manager_number_proved_at=proved,
        manager_email=claim.manager_email,
        remark=claim.remark,
        declared=True,
        replaces=before,
    )
    made.id_number = claim.id_number or (before.id_number if before else "")
    return made


def _check(made: Qualification, enterprise: Enterprise) -> None:
    """What the form has said already, once more under the locks."""
    for fault in company_faults(enterprise, made.purpose, made.company, made.credit_code).values():
        raise NotAllowed(str(fault))
    if made.purpose == Purpose.OWN:
        made.company = enterprise.name  # the same but for width and spaces
    if made.manager_kind == ManagerKind.AGENT:
        other = agent_of_another(enterprise, made.id_number, made.credit_code)
        if other:
            raise NotAllowed(agent_fault(other))


def _stored(field: str, paper: Checked | Document, *, enterprise: Enterprise, by: User) -> Document:
    if isinstance(paper, Document):
        return paper
    return documents.store(paper, enterprise=enterprise, by=by, purpose=qualification_papers.PURPOSE[field])


@transaction.atomic
def withdraw(item: Qualification, *, by: User) -> None:
    """Take it out of review; signatures that have waited for it go back to their people."""
    item.move(ReviewState.WITHDRAWN, by=by)
    signatures.after_qualification(item)


@transaction.atomic
def remove(item: Qualification, *, by: User) -> None:
    """Delete it from the enterprise's list. What was approved is kept, and so is what signatures rest on."""
    item.hold()
    if item.review_state == ReviewState.APPROVED:
        raise NotAllowed(_("It is approved, and what was approved is kept: signatures rest on it."))
    resting = item.signatures.filter(review_state__in=LIVE, removed_at__isnull=True).order_by("pk").first()
    if resting is not None and not item.is_pending:
        raise NotAllowed(_("The signature %(name)s rests on it. Delete that first.") % {"name": resting})
    reviewing.remove(item, by=by)


@dataclass(frozen=True, slots=True)
class Removal:
    deleted: int
    refused: dict[str, list[Qualification]]  # by what speaks against it


def too_many() -> str:
    return _("At most %(n)s qualifications are deleted at once, and nothing was. Choose fewer.") % {"n": DELETE_MOST}


def remove_many(items: Iterable[Qualification], *, by: User) -> Removal:
    """Delete each that may be deleted; every one by itself, so that one refusal keeps no other."""
    chosen = list(items)
    if len(chosen) > DELETE_MOST:
        raise NotAllowed(too_many())
    refused: dict[str, list[Qualification]] = {}
    for item in chosen:
        try:
            remove(item, by=by)
        except NotAllowed as problem:
            refused.setdefault(str(problem), []).append(item)
    return Removal(len(chosen) - sum(map(len, refused.values())), refused)
