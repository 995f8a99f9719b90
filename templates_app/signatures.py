"""What becomes of a signature: sent in, waiting for its qualification, used, asleep, awake again, deleted."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, documents, modes, reviewing
from accounts.models import Application, Document, ReviewState, User
from accounts.models.document import DocumentPurpose
from accounts.models.review import CHANGED, PENDING
from console.lib.documents import Checked
from console.lib.errors import NotAllowed
from console.lib.languages import both
from templates_app import drafts
from templates_app.models import MessageTemplate, Qualification, Signature, SignatureActivation
from templates_app.models.qualification import Purpose
from templates_app.models.signature import SIGNATURES_MAX, Dormancy

# A signature of these is sent in anew, in its place.
CHANGEABLE = frozenset({ReviewState.REJECTED, ReviewState.WITHDRAWN})
# What a signature may rest on when it is sent in: it waits for a qualification that is still in review.
HOLDS = frozenset({ReviewState.APPROVED, *PENDING})


# Sending in --------------------------------------------------------------------------------------------------------


@transaction.atomic
def submit(
    signature: Signature,
    *,
    by: User,
    licence: Checked | None = None,
    letter: Checked | None = None,
    replaces: Signature | None = None,
) -> None:
    """Save a new signature and send it in; while its qualification is in review it waits for that.

    `licence` and `letter` are kept with it. `replaces`: the rejected or withdrawn one in whose place it is sent in;
    that one leaves the lists, and its documents serve again where no others were chosen.
    """
    application = signature.application
    modes.check_region(application.enterprise, application.region)
    if not application.is_mainland:
        raise NotAllowed(_("Only mainland messages carry a signature. Choose a mainland application."))
    state = _state_to_submit(signature)
    # So that two at once do not both take the last place; before the signature that is replaced, as whoever writes a
    # template locks the application first too.
    Application.objects.select_for_update(no_key=True).get(pk=application.pk)
    if replaces is not None:
        _replace(replaces, by=by)
        signature.replaces = replaces
        signature.licence = signature.licence or replaces.licence
        signature.letter = signature.letter or (replaces.letter if signature.involves_third_party else None)
    _check_room(application)
    signature.licence = _stored(licence, signature, DocumentPurpose.LICENCE, by=by) or signature.licence
    signature.letter = _stored(letter, signature, DocumentPurpose.LETTER, by=by) or signature.letter
    if signature.involves_third_party and signature.letter is None:
        raise NotAllowed(_("Add the letter of attorney of the company that owns the name."))
    try:
        with transaction.atomic():
            signature.save()
    except IntegrityError as error:
        raise NotAllowed(_("You already have a signature with this name and type.")) from error
    signature.move(state, by=by)


def _state_to_submit(signature: Signature) -> ReviewState:
    qualification = signature.qualification
    if qualification is None or qualification.enterprise_id != signature.enterprise_id:
        raise NotAllowed(_("Choose a qualification of the company that owns the signature."))
    qualification.hold()  # so that it is not decided between this look and our commit
    if words := purpose_fault(qualification, involves_third_party=signature.involves_third_party):
        raise NotAllowed(words)
    if qualification.review_state not in HOLDS or qualification.removed_at:
        raise NotAllowed(_("The qualification “%(name)s” is not approved. Choose another.") % {"name": qualification})
    return ReviewState.IN_REVIEW if qualification.review_state == ReviewState.APPROVED else ReviewState.WAITING


def purpose_fault(qualification: Qualification, *, involves_third_party: bool) -> str:
    """Why this qualification does not go with such a signature; empty when it does."""
    if involves_third_party == (qualification.purpose == Purpose.THIRD_PARTY):
        return ""
    if involves_third_party:
        return _("A name that belongs to another company needs a qualification for third-party business use.")
    return _("A name of your own needs a self-use qualification. If it belongs to another company, say so above.")


def _stored(checked: Checked | None, signature: Signature, purpose: DocumentPurpose, *, by: User) -> Document | None:
    if checked is None:
        return None
    return documents.store(checked, enterprise=signature.enterprise, by=by, purpose=purpose)


def _replace(before: Signature, *, by: User) -> None:
    before.hold()
    if before.removed_at:
        raise NotAllowed(CHANGED)
    if before.review_state not in CHANGEABLE or before.enterprise_id != by.enterprise_id:
        raise NotAllowed(_("Only a rejected or withdrawn signature is changed. Otherwise add another signature."))
    reviewing.remove(before, by=by)


def room(application: Application) -> tuple[int, int]:
    """How many signatures it has, and how many it may have."""
    return application.signatures.own().filter(removed_at__isnull=True).count(), SIGNATURES_MAX


def _check_room(application: Application) -> None:
    held, most = room(application)
    if held >= most:
        raise NotAllowed(
            _("This application has %(n)s signatures, and no more fit. Delete some, or use another application.")
            % {"n": most}
        )


@transaction.atomic
def withdraw(signature: Signature, *, by: User) -> None:
    signature.move(ReviewState.WITHDRAWN, by=by)
    drafts.after_signature(signature)


def check_qualification(signature: Signature) -> None:
    """Raises NotAllowed, which takes an approval back, when the signature's qualification does not hold."""
    held = signature.qualification
    if not signature.legacy and (held is None or held.review_state != ReviewState.APPROVED):
        raise NotAllowed(_("Its qualification is not approved, so the signature cannot be. Decide that one first."))


def after_qualification(qualification: Qualification) -> None:
    """Send on the signatures that have waited for it, or send them back; in the transaction of what was decided."""
    for signature in qualification.signatures.filter(review_state=ReviewState.WAITING).order_by("pk"):
        if qualification.review_state == ReviewState.APPROVED:
            signature.move(ReviewState.IN_REVIEW, by=None)
        else:
            why = gettext_lazy("Its qualification “%(name)s” was not approved. Send it in again with another one.")
            signature.move(ReviewState.WITHDRAWN, by=None, **both(why, name=qualification))
            drafts.after_signature(signature)


@transaction.atomic
def supplement(signature: Signature, qualification: Qualification, *, by: User) -> None:
    """Add the qualification to a signature that was approved before they were asked for.

    One that was not approved can be put in another's place.
    """
    qualification.hold()
    signature.hold()
    if not needs_qualification(signature):
        raise NotAllowed(_("This signature has its qualification already."))
    if qualification.enterprise_id != signature.enterprise_id or qualification.review_state not in HOLDS:
        raise NotAllowed(_("Choose a qualification of yours that is approved or in review."))
    if words := purpose_fault(qualification, involves_third_party=signature.involves_third_party):
        raise NotAllowed(words)
    Signature.objects.filter(pk=signature.pk).update(qualification=qualification)
    signature.refresh_from_db()
    audit.record(
        by=by, verb="signature.supplemented", object_id=signature.pk, enterprise_id=signature.enterprise_id,
        label=str(signature), qualification=str(qualification),
    )  # fmt: skip


def needs_qualification(signature: Signature) -> bool:
    """Approved before qualifications were asked for, and without one that holds or is in review."""
    held = signature.qualification
    missing = held is None or held.review_state not in HOLDS
    return signature.legacy and missing and signature.review_state == ReviewState.APPROVED


# Sleeping and waking -----------------------------------------------------------------------------------------------


@transaction.atomic
def activate(signature: Signature, why: str, *, by: User) -> SignatureActivation:
    """Ask the reviewers that a dormant signature be used again."""
    if not why.strip():
        raise NotAllowed(_("Say what the signature will be used for; reviewers decide by it."))
    signature.hold()
    if signature.review_state != ReviewState.APPROVED or signature.dormancy != Dormancy.DORMANT:
        raise NotAllowed(_("This signature does not have to be activated. Load the page again to see where it stands."))
    try:
        with transaction.atomic():
            made = SignatureActivation.objects.create(
                enterprise_id=signature.enterprise_id, signature=signature, why=why.strip()[:500]
            )
    except IntegrityError as error:
        raise NotAllowed(_("You have already asked for this; the answer is still to come.")) from error
    made.move(ReviewState.IN_REVIEW, by=by)
    return made


def open_activation(signature: Signature) -> SignatureActivation | None:
    """What was asked for and is not decided."""
    return signature.activations.filter(review_state__in=PENDING).select_related("signature", "submitted_by").first()


def end_activation(signature: Signature, *, by: User) -> None:
    """What was asked for a signature that is over is asked for no more."""
    for asked in signature.activations.filter(review_state__in=PENDING):
        asked.move(ReviewState.WITHDRAWN, by=by)


def awaken(signature: Signature) -> None:
    """Let a dormant signature be used again, from now on; in the transaction of the approval."""
    rows = Signature.objects.filter(pk=signature.pk, review_state=ReviewState.APPROVED, removed_at__isnull=True)
    if not rows.update(dormancy=Dormancy.AWAKE, awake_since=timezone.now()):
        words = _("The signature %(name)s is no longer approved. Reject this, and say so.")
        raise NotAllowed(words % {"name": signature})
    signature.refresh_from_db()


def used(signature: Signature) -> None:
    """Messages go out under it: the time until it falls asleep begins anew."""
    Signature.objects.filter(pk=signature.pk).update(last_used_at=timezone.now())


# Deleting ----------------------------------------------------------------------------------------------------------


def resting(signature: Signature) -> int:
    """How many templates could not be sent any more without this signature."""
    if not signature.is_sendable:
        return 0
    own = MessageTemplate.objects.filter(signature=signature, removed_at__isnull=True)
    fitting = Signature.objects.own().sendable().filter(application=signature.application_id, type=signature.type)
    if not fitting.exclude(pk=signature.pk).exists():
        same = Q(application=signature.application_id, type=signature.type)
        own = MessageTemplate.objects.filter(Q(signature=signature) | Q(universal=True) & same, removed_at__isnull=True)
    return own.sendable().count()


@transaction.atomic
def remove(signature: Signature, *, by: User) -> None:
    """Delete it from the enterprise's lists. An approved one is disabled first: nothing is sent under it any more."""
    signature.hold()
    if signature.built_in or signature.is_pending or signature.removed_at:
        reviewing.remove(signature, by=by)  # which says why not
        return
    end_activation(signature, by=by)
    if signature.review_state == ReviewState.APPROVED:
        signature.move(ReviewState.DISABLED, by=by)
    reviewing.remove(signature, by=by)
