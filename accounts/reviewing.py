"""What people do to a submission besides deciding it: claim it, ask and answer, urge, delete. For every kind alike."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, documents
from accounts.models import Enterprise, Review, ReviewState, User
from accounts.models.review import CHANGED, CLAIM_LASTS, PENDING
from console.lib.documents import Checked
from console.lib.errors import NotAllowed


def claim(item: Review, *, by: User, take_over: bool = False) -> None:
    """Put it on one's own desk. Another's claim holds for an hour, unless it is taken over.

    Raises NotAllowed, naming who has it.
    """
    free = Q(claimed_by__isnull=True) | Q(claimed_by=by) | Q(claimed_at__lte=timezone.now() - CLAIM_LASTS)
    rows = _rows(item).filter(review_state=ReviewState.IN_REVIEW)
    if not (rows if take_over else rows.filter(free)).update(claimed_by=by, claimed_at=timezone.now()):
        item.refresh_from_db()
        holder = item.claimed
        if holder is None:
            raise NotAllowed(CHANGED)
        raise NotAllowed(_("%(name)s has this on the desk. Take it over if it is urgent.") % {"name": holder.name})
    item.refresh_from_db()


def release(item: Review, *, by: User) -> None:
    _rows(item).filter(claimed_by=by).update(claimed_by=None, claimed_at=None)
    item.refresh_from_db()


def set_note(item: Review, words: str) -> None:
    """What reviewers tell each other about it."""
    _rows(item).update(note=words.strip()[:500])
    item.refresh_from_db()


@transaction.atomic
def answer(item: Review, words: str, *, by: User, document: Checked | None = None) -> None:
    """Answer the reviewer's question; the clock goes on with what was left. The words or a document, or both."""
    if by.enterprise_id != item.enterprise_id:
        raise NotAllowed(_("Only people of the enterprise answer."))
    if not words.strip() and document is None:
        raise NotAllowed(_("Write an answer, or add the document that was asked for."))
    item.hold()
    if item.review_state != ReviewState.RETURNED:
        raise NotAllowed(CHANGED)
    item.move(ReviewState.IN_REVIEW, by=by)
    kept: dict[str, Any] = {"answer": words.strip()[:1000], "answer_document": None}
    if document is not None:
        enterprise = Enterprise.objects.get(pk=item.enterprise_id)
        kept["answer_document"] = documents.store(document, enterprise=enterprise, by=by, purpose=item.ANSWER_PURPOSE)
    _rows(item).update(**kept)
    item.refresh_from_db()
    audit.record(verb=f"{item._meta.model_name}.answered", **_told(item, by, answer=words.strip()))


@transaction.atomic
def urge(item: Review, words: str, *, by: User) -> None:
    """Ask for haste, once it is late; the queue shows it first. Once, or once more after a question was answered."""
    if by.enterprise_id != item.enterprise_id:
        raise NotAllowed(_("Only people of the enterprise urge."))
    now = timezone.now()
    late = _rows(item).filter(review_state=ReviewState.IN_REVIEW, due_at__lt=now, urged_at__isnull=True)
    if not late.update(urged_at=now, urge_words=words.strip()[:200]):
        item.refresh_from_db()
        if item.urged_at:
            raise NotAllowed(_("It has been urged already, and stands first in the reviewers’ queue."))
        if item.review_state != ReviewState.IN_REVIEW:
            raise NotAllowed(CHANGED)
        raise NotAllowed(_("It is not late yet. You can urge once the promised time has passed."))
    item.refresh_from_db()
    audit.record(verb=f"{item._meta.model_name}.urged", **_told(item, by, words=words.strip()))


@transaction.atomic
def remove(item: Review, *, by: User) -> None:
    """Delete it from the enterprise's lists; the record stays. What is under review is withdrawn first."""
    rows = _rows(item).filter(removed_at__isnull=True, built_in=False).exclude(review_state__in=PENDING)
    if not rows.update(removed_at=timezone.now()):
        item.refresh_from_db()
        if item.built_in:
            raise NotAllowed(_("The platform provides this; it cannot be deleted."))
        if item.is_pending:
            raise NotAllowed(_("It is being reviewed. Withdraw it first, then delete it."))
        raise NotAllowed(CHANGED)
    item.refresh_from_db()
    audit.record(verb=f"{item._meta.model_name}.removed", **_told(item, by))


def _rows(item: Review) -> Any:
    return type(item)._default_manager.filter(pk=item.pk)


def _told(item: Review, by: User, **detail: Any) -> dict[str, Any]:
    held = {"by": by, "object_id": item.pk, "enterprise_id": item.enterprise_id, "label": str(item)}
    return held | {name: said for name, said in detail.items() if said}
