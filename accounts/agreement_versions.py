"""Versions of the service agreement: written by administrators, published once, then never changed."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit, notices
from accounts.models import Agreement, Enterprise, NoticeKind, User
from accounts.models.enterprise import EnterpriseState
from console.lib.errors import NotAllowed
from console.lib.seen import token as token_of

FIELDS = ("text_en", "text_zh", "changes_en", "changes_zh")


def draft() -> Agreement:
    """The draft that is being written, else a new one (not saved) that begins with the text that holds."""
    if found := Agreement.objects.filter(published_at__isnull=True).first():
        return found
    last = Agreement.objects.order_by("-number").first()
    return Agreement(
        number=last.number + 1 if last else 1,
        text_en=last.text_en if last else "",
        text_zh=last.text_zh if last else "",
    )


def token(version: Agreement) -> str:
    """What the draft looked like when somebody opened it; `save` overwrites and `publish` publishes nothing newer."""
    if version.pk is None:
        return f"new-{version.number}"
    return token_of(*(getattr(version, field) for field in FIELDS))


@transaction.atomic
def save(texts: dict[str, str], *, seen: str, by: User) -> Agreement:
    """Store the draft. Raises NotAllowed when somebody else has changed or published it meanwhile."""
    changed = NotAllowed(
        _("Somebody has changed this draft meanwhile. Keep your text elsewhere, load the page again and merge it.")
    )
    version = _locked_draft()
    if token(version) != seen:
        raise changed
    for field in FIELDS:
        setattr(version, field, texts[field].replace("\r\n", "\n").strip())
    try:
        with transaction.atomic():
            version.save()
    except IntegrityError as error:  # two began a draft in the same moment
        raise changed from error
    audit.record(by=by, verb="agreement.saved", object_id=version.pk, enterprise_id=None, number=version.number)
    return version


@transaction.atomic
def publish(version: Agreement, *, seen: str, by: User) -> None:
    """From now on this version holds: everybody is asked to accept it before they send again.

    `seen` is the `token` of the text that was read; one that was changed since is not published unread.
    """
    kept = Agreement.objects.select_for_update().filter(pk=version.pk, published_at__isnull=True).first()
    if kept is None:
        raise NotAllowed(_("This version is published already. Load the page again."))
    if token(kept) != seen:
        raise NotAllowed(
            _("Somebody has changed the text since you opened this page. Read it as it is now, then publish.")
        )
    if not kept.text_en or not kept.text_zh:
        raise NotAllowed(_("The text is needed in both languages, because people read it in theirs."))
    kept.published_at, kept.published_by = timezone.now(), by
    kept.save()
    audit.record(by=by, verb="agreement.published", object_id=kept.pk, enterprise_id=None, number=kept.number)
    if not Agreement.objects.published().exclude(pk=kept.pk).exists():
        return  # the first: whoever is here already is asked by the pages, and nothing has changed for them
    for enterprise in Enterprise.objects.customers().exclude(state=EnterpriseState.CLOSED).iterator():
        notices.tell(enterprise, NoticeKind.ACCOUNT, "agreement.published", path="/agreement/", number=kept.number)


def _locked_draft() -> Agreement:
    found = Agreement.objects.select_for_update().filter(published_at__isnull=True).first()
    return found or draft()
