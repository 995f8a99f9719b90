"""What owners and admins do to their enterprise's contacts (product reference, 1.5)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Contact, Enterprise, NoticeKind, User
from accounts.models.contact import CONTACTS_MAX
from console.lib.errors import NotAllowed

SWITCHES = tuple(kind for kind in NoticeKind if kind != NoticeKind.ACCOUNT)
FIELDS = ("name", "number", "email", "language", *(str(kind) for kind in SWITCHES))


@transaction.atomic
def add(contact: Contact, *, by: User) -> None:
    """Save a new contact; the eleventh is refused, also of several who add one at once.

    A form posted twice adds one contact.
    """
    # The enterprise's row is the lock: whoever counts next sees this one.
    Enterprise.objects.select_for_update(no_key=True).get(pk=contact.enterprise_id)
    if Contact.objects.filter(enterprise_id=contact.enterprise_id, **{f: getattr(contact, f) for f in FIELDS}).exists():
        return
    if Contact.objects.filter(enterprise_id=contact.enterprise_id).count() >= CONTACTS_MAX:
        raise NotAllowed(
            _("You have %(most)s contacts already, which is the most. Remove one first.") % {"most": CONTACTS_MAX}
        )
    _before, after = audit.changes(contact, FIELDS)
    contact.save()
    _record(contact, "contact.added", by=by, after=after)


@transaction.atomic
def change(contact: Contact, *, by: User) -> None:
    """Save what a form has changed; nothing happens when nothing has."""
    _hold(contact)
    before, after = audit.changes(contact, FIELDS)
    if after:
        contact.save(update_fields=list(after))
        _record(contact, "contact.changed", by=by, before=before, after=after)


@transaction.atomic
def switch(contact: Contact, kind: NoticeKind, *, on: bool, by: User) -> None:
    """Whether the contact is told of `kind`. Asking for what is so already changes nothing."""
    _hold(contact)
    setattr(contact, kind, on)
    before, after = audit.changes(contact, [kind])
    if after:
        contact.save(update_fields=[kind])
        _record(contact, "contact.changed", by=by, before=before, after=after)


@transaction.atomic
def remove(contact: Contact, *, by: User) -> None:
    _hold(contact)
    _record(contact, "contact.removed", by=by)
    contact.delete()


def _hold(contact: Contact) -> None:
    """Lock the contact. NotAllowed when somebody has removed it meanwhile."""
    if not Contact.objects.select_for_update().filter(pk=contact.pk).values_list("pk"):
        raise NotAllowed(_("Somebody has removed this contact meanwhile."))


def _record(contact: Contact, verb: str, *, by: User, **changes: Any) -> None:
    audit.record(
        by=by,
        verb=verb,
        object_id=contact.pk,
        enterprise_id=contact.enterprise_id,
        label=contact.name,
        **changes,
    )
