"""Real-name verification: sending it in, taking it back, and what an answer brings about."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, documents, notices
from accounts.models import Document, Enterprise, NoticeKind, ReviewState, User, Verification
from accounts.models.document import DocumentPurpose
from accounts.models.review import OPEN
from console.lib.documents import Checked
from console.lib.errors import NotAllowed

# What an approval copies to the enterprise; from then on it changes by another submission only.
FACTS = ("name", "country", "address", "credit_code")


@dataclass(frozen=True, slots=True)
class Claim:
    """What an enterprise says about itself, checked as far as a form can."""

    name: str
    country: str  # ISO 3166-1
    credit_code: str  # outside mainland China the registration number
    address: str
    legal_person: str
    licence: Checked | None  # None: the one of the submission before


def latest(enterprise: Enterprise) -> Verification | None:
    """The newest submission, whatever became of it."""
    return enterprise.verifications.select_related("licence", "submitted_by").order_by("-pk").first()


@transaction.atomic
def submit(claim: Claim, *, enterprise: Enterprise, by: User) -> Verification:
    """Send a claim in for review; the truth of it was declared. What was approved before holds meanwhile."""
    Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)  # of a form posted twice one wins
    if enterprise.verifications.filter(review_state__in=OPEN).exists():
        raise NotAllowed(_("A verification of your enterprise is already being reviewed."))
    made = Verification.objects.create(
        enterprise=enterprise,
        name=claim.name,
        country=claim.country,
        credit_code=claim.credit_code,
        address=claim.address,
        legal_person=claim.legal_person,
        licence=_licence(claim, enterprise, by),
        declared=True,
    )
    made.move(ReviewState.IN_REVIEW, by=by)
    return made


def _licence(claim: Claim, enterprise: Enterprise, by: User) -> Document:
    if claim.licence is not None:
        return documents.store(claim.licence, enterprise=enterprise, by=by, purpose=DocumentPurpose.LICENCE)
    before = latest(enterprise)
    if before is None:
        raise NotAllowed(_("Add a picture or PDF of the business licence; reviewers decide by it."))
    return before.licence


def withdraw(submission: Verification, *, by: User) -> None:
    submission.move(ReviewState.WITHDRAWN, by=by)


def take_effect(submission: Verification) -> None:
    """Of the reviewers' answer, in its transaction: approved facts become the enterprise's, and its people are told."""
    enterprise = Enterprise.objects.select_for_update(no_key=True).get(pk=submission.enterprise_id)
    if submission.review_state == ReviewState.APPROVED:
        for fact in FACTS:
            setattr(enterprise, fact, getattr(submission, fact))
        enterprise.verified_at = submission.decided_at
        before, after = audit.changes(enterprise, FACTS)
        enterprise.save(update_fields=[*FACTS, "verified_at"])
        audit.record(
            by=submission.decided_by,
            verb="enterprise.verified",
            object_id=enterprise.pk,
            enterprise_id=enterprise.pk,
            label=str(enterprise),
            before=before,
            after=after,
        )
    tell(submission)


def tell(submission: Verification) -> None:
    """Its people, what has become of it or what is asked."""
    notices.tell(
        submission.enterprise,
        NoticeKind.ACCOUNT,
        f"verification.{submission.review_state}",
        path=reverse("verification-submission", args=[submission.pk]),
        name=submission.name,
        reason=submission.reason,
        reason_zh=submission.reason_zh,
    )
