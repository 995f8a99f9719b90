"""What becomes of a template besides writing it: disabled, deleted, renamed; and what each state of it allows.

Writing and sending in is in `drafts.py`. Knows nothing about HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import audit
from accounts.models import ReviewState, User
from accounts.models.desk import ReviewDesk
from accounts.models.review import CHANGED, ONCE_APPROVED, PENDING
from console.lib.errors import NotAllowed
from templates_app.models import MessageTemplate, TemplateVersion
from templates_app.models.template import NAME_MAX
from templates_app.rules.characters import is_unseen

DELETED_AT_ONCE = 50
# A template's state is that of its newest version; two of them say more about a template.
STATES = dict(ReviewState.choices) | {
    ReviewState.DRAFT.value: gettext_lazy("To be submitted"),
    ReviewState.WAITING.value: gettext_lazy("Waits for its signature"),
}


class Deed(StrEnum):
    """What people may do to a template, by its newest version and by whether one was ever approved."""

    EDIT = "edit"  # the draft
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    NEW_VERSION = "new_version"
    RENAME = "rename"
    DISABLE = "disable"
    DELETE = "delete"


def allowed(template: MessageTemplate, versions: Sequence[TemplateVersion]) -> frozenset[Deed]:
    """`versions`: all of it, newest first."""
    if template.is_built_in or template.removed_at or not versions:
        return frozenset()
    newest = versions[0].review_state
    states = {version.review_state for version in versions}
    if newest in PENDING:
        return frozenset({Deed.WITHDRAW})
    can = {Deed.EDIT, Deed.SUBMIT} if newest == ReviewState.DRAFT else {Deed.NEW_VERSION}
    can.add(Deed.DELETE)
    if ReviewState.APPROVED in states:
        can.add(Deed.DISABLE)
    if states & ONCE_APPROVED:
        can.add(Deed.RENAME)
    return frozenset(can)


def _hold(template: MessageTemplate) -> list[TemplateVersion]:
    """Its versions, newest first; they and the template stay as they are until the transaction ends.

    Versions before their template, as whoever saves a draft locks them. Raises NotAllowed where it is gone.
    """
    ReviewDesk.hold()
    held = list(template.versions.select_for_update(of=("self",)).order_by("pk"))
    try:
        template.refresh_from_db(from_queryset=MessageTemplate.objects.select_for_update(of=("self",)))
    except MessageTemplate.DoesNotExist as error:
        raise NotAllowed(_("This template was deleted already.")) from error
    if template.removed_at:
        raise NotAllowed(_("This template was deleted already."))
    # One that has been added in between is not locked.
    if {version.pk for version in held} != set(template.versions.values_list("pk", flat=True)):
        raise NotAllowed(str(CHANGED))
    for version in held:
        version.template = template
    return held[::-1]


def _check_free(template: MessageTemplate, versions: Iterable[TemplateVersion]) -> None:
    """Raises NotAllowed for the platform's own, and while reviewers look at it."""
    if template.is_built_in:
        raise NotAllowed(_("The platform provides this template; it stays as it is."))
    for version in versions:
        if version.review_state in PENDING:
            raise NotAllowed(
                _("Version %(number)s is being reviewed. Withdraw it first, then do this again.")
                % {"number": version.number}
            )


@transaction.atomic
def disable(template: MessageTemplate, *, by: User) -> None:
    """Nothing is sent with it any more: jobs that are not finished stand still. Once more does nothing."""
    versions = _hold(template)
    _check_free(template, versions)
    if not any(version.review_state in ONCE_APPROVED for version in versions):
        raise NotAllowed(_("No version of this template is approved, so there is nothing to disable."))
    _disable(versions, by=by)


def _disable(versions: Iterable[TemplateVersion], *, by: User) -> None:
    for version in versions:
        if version.review_state == ReviewState.APPROVED:
            version.move(ReviewState.DISABLED, by=by)


@transaction.atomic
def delete(template: MessageTemplate, *, by: User) -> None:
    """Out of the enterprise's sight, and its name is free again; an approved one is disabled first.

    The rows stay for the jobs that were sent with it.
    """
    versions = _hold(template)
    _check_free(template, versions)
    _disable(versions, by=by)
    now = timezone.now()
    template.versions.update(removed_at=now)
    MessageTemplate.objects.filter(pk=template.pk).update(removed_at=now)
    template.removed_at = now
    _record("removed", template, versions[0], by=by)


@dataclass(slots=True)
class Deleted:
    """Names of those that are deleted, and (name, why not) of the others."""

    names: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def check_number(ids: Sequence[int]) -> None:
    """Raises NotAllowed for none and for more than are deleted at once."""
    if not ids:
        raise NotAllowed(_("Choose the templates to delete."))
    if len(ids) > DELETED_AT_ONCE:
        raise NotAllowed(
            ngettext(
                "You have chosen %(n)s template. At most %(most)s are deleted at once.",
                "You have chosen %(n)s templates. At most %(most)s are deleted at once.",
                len(ids),
            )
            % {"n": len(ids), "most": DELETED_AT_ONCE}
        )


def delete_many(ids: Sequence[int], *, by: User) -> Deleted:
    """Each on its own, so that one that cannot be deleted keeps no other. Raises NotAllowed for more than 50."""
    ids = list(dict.fromkeys(ids))
    check_number(ids)
    mine = {found.pk: found for found in MessageTemplate.objects.of_home(by).filter(pk__in=ids)}
    done = Deleted()
    for pk in ids:
        if (template := mine.get(pk)) is None:
            done.refused.append((f"#{pk}", _("No such template; it may be deleted already.")))
            continue
        try:
            delete(template, by=by)
        except NotAllowed as problem:
            done.refused.append((template.name, str(problem)))
        else:
            done.names.append(template.name)
    return done


def name_faults(name: str) -> list[str]:
    """What is wrong with a template's name, in words for a person."""
    if not name.strip():
        return [_("Give the template a name.")]
    found = []
    if len(name) > NAME_MAX:
        found.append(_("A name has at most %(most)s characters; this has %(n)s.") % {"most": NAME_MAX, "n": len(name)})
    if any(character == "\n" or is_unseen(character) for character in name):
        found.append(_("The name has a line break or an invisible character. Type it again."))
    return found


@transaction.atomic
def rename(template: MessageTemplate, name: str, *, by: User) -> None:
    """Of one that was approved once: nobody reviews the name, and it stands in no message."""
    versions = _hold(template)
    _check_free(template, versions)
    name, before = name.strip(), template.name
    if not any(version.review_state in ONCE_APPROVED for version in versions):
        raise NotAllowed(_("Change the name where you write the template, and send it in."))
    if faults := name_faults(name):
        raise NotAllowed(" ".join(faults))
    if name == before:
        return
    template.name = name
    try:
        with transaction.atomic():
            template.save(update_fields=["name"])
    except IntegrityError as error:
        template.name = before
        raise NotAllowed(_("You already have a template with this name.")) from error
    _record("renamed", template, versions[0], by=by, before={"name": before}, after={"name": name})


def _record(did: str, template: MessageTemplate, newest: TemplateVersion, *, by: User, **detail: Any) -> None:
    audit.record(
        by=by,
        verb=f"templateversion.{did}",
        object_id=newest.pk,
        enterprise_id=template.enterprise_id,
        label=template.name,
        **detail,
    )
