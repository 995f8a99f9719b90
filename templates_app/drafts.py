"""Writing a template's version and sending it in: everything a person of the enterprise does to it.

Knows nothing about HTTP. What reviewers do is in `reviews.py`.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, modes
from accounts.models import Application, ReviewDesk, ReviewState, User
from accounts.models.review import CHANGED, ONCE_APPROVED, OPEN, PENDING
from console.lib.errors import NotAllowed
from console.lib.languages import both
from console.lib.seen import token as token_of
from templates_app.models import MessageTemplate, Signature, TemplateVersion
from templates_app.models.template import NAME_MAX, TEMPLATES_MAX, Brackets, Variable


@dataclass(frozen=True, slots=True)
class Draft:
    """What the editor holds."""

    name: str
    type: str
    application: Application
    signature: Signature | None
    text: str
    variables: list[Variable]
    purpose: str
    universal: bool = False
    brackets: str = Brackets.CHINESE
    countries: tuple[str, ...] = ()  # ISO 3166-1, of international ones


def draft_of(version: TemplateVersion) -> Draft:
    template = version.template
    return Draft(
        name=template.name,
        type=template.type,
        application=template.application,
        signature=template.signature,
        text=version.text,
        variables=version.typed_variables,
        purpose=version.purpose,
        universal=template.universal,
        brackets=template.brackets,
        countries=tuple(template.countries),
    )


def like(template: MessageTemplate) -> Draft:
    """A new template's draft with everything of the newest version of `template`, under a name that is free."""
    last = template.versions.order_by("-number").first()
    assert last is not None  # a template always has a version
    signature = template.signature
    if signature is not None and (signature.removed_at or signature.built_in):
        signature = None
    return replace(draft_of(last), name=_free_name(template), signature=signature)


def _free_name(template: MessageTemplate) -> str:
    """ "Parcel_01" → "Parcel_02", the first that no other template of the enterprise has."""
    base = re.sub(r"_[0-9]{2}$", "", template.name)[: NAME_MAX - 3]
    taken = set(
        MessageTemplate.objects.filter(
            enterprise=template.enterprise_id, name__startswith=base, removed_at__isnull=True
        ).values_list("name", flat=True)
    )
    names = (f"{base}_{number:02}" for number in range(2, 100))
    return next((name for name in names if name not in taken), f"{base[: NAME_MAX - 5]}_copy")


def token(version: TemplateVersion) -> str:
    """Stands for what the draft held when it was shown; a save with an older one would overwrite somebody's work."""
    draft = draft_of(version)
    held = [draft.name, draft.type, draft.application.pk, draft.signature and draft.signature.pk, draft.text]
    held += [[asdict(variable) for variable in draft.variables], draft.purpose]
    held += [draft.universal, draft.brackets, list(draft.countries)]
    return token_of(*held)


def is_settled(template: MessageTemplate) -> bool:
    """Name, type, application and signature of a template stay once a version was approved under them."""
    return template.versions.filter(review_state__in=ONCE_APPROVED).exists()


@transaction.atomic
def save_draft(draft: Draft, *, by: User, version: TemplateVersion | None = None, seen: str = "") -> TemplateVersion:
    """Create a template with its first draft, or save over the draft `version` as it was `seen` (its token)."""
    saved = _rewrite(draft, version, seen=seen) if version else _create(draft, by=by)
    audit.record(
        by=by, verb="templateversion.saved", object_id=saved.pk, enterprise_id=saved.enterprise_id, label=str(saved)
    )
    return saved


def _create(draft: Draft, *, by: User) -> TemplateVersion:
    enterprise = draft.application.enterprise
    _check_room(draft.application)
    template = MessageTemplate(enterprise=enterprise, created_by=by)
    _fill_template(template, draft)
    version = TemplateVersion(enterprise=enterprise, template=template, number=1)
    _fill_version(version, draft)
    return version


def _check_room(application: Application) -> None:
    # Locked, so that two at once do not both take the last place.
    Application.objects.select_for_update(no_key=True).get(pk=application.pk)
    held = MessageTemplate.objects.filter(application=application, removed_at__isnull=True, created_by__isnull=False)
    if held.count() >= TEMPLATES_MAX:
        raise NotAllowed(
            _("This application has %(n)s templates, and no more fit. Delete some, or use another application.")
            % {"n": TEMPLATES_MAX}
        )


def _rewrite(draft: Draft, version: TemplateVersion, *, seen: str) -> TemplateVersion:
    now = TemplateVersion.objects.select_for_update(of=("self",)).filter(pk=version.pk).first()
    if not now or now.removed_at or now.review_state != ReviewState.DRAFT:
        raise NotAllowed(_("This draft was sent in or deleted meanwhile, so nothing was saved. Copy your text first."))
    if seen and seen != token(now):
        raise NotAllowed(
            _(
                "This draft was saved in another window after you opened it, so nothing was saved here. "
                "Copy your text, load the page again, and put in what is missing."
            )
        )
    template = now.template
    if is_settled(template):
        if _settled(draft_of(now)) != _settled(draft):
            raise NotAllowed(
                _("Name, type, application and signature stay as approved. Add a template for other ones.")
            )
    else:
        _fill_template(template, draft)
    _fill_version(now, draft)
    return now


def _settled(draft: Draft) -> tuple[Any, ...]:
    signature = draft.signature.pk if draft.signature else None
    held = (draft.name, draft.type, draft.application.pk, signature, draft.universal, str(draft.brackets))
    return (*held, frozenset(draft.countries))


def _fill_template(template: MessageTemplate, draft: Draft) -> None:
    template.name, template.type = draft.name, draft.type
    template.application, template.signature = draft.application, draft.signature
    template.universal, template.brackets = draft.universal, draft.brackets
    template.countries = sorted(draft.countries)
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:
        raise NotAllowed(_("You already have a template with this name.")) from error


def _fill_version(version: TemplateVersion, draft: Draft) -> None:
    version.text, version.purpose = draft.text, draft.purpose
    version.variables = [asdict(variable) for variable in draft.variables]
    version.__dict__.pop("typed_variables", None)
    version.__dict__.pop("pieces", None)
    version.save()


def faults(version: TemplateVersion) -> list[Any]:
    """Why this version cannot be reviewed yet, in words for its author."""
    from templates_app import prechecks

    found: list[Any] = [result.sentence for result in prechecks.of_version(version) if result.is_fault]
    if not version.purpose.strip():
        found.append(_("Say when it is sent; reviewers decide by it."))
    return found + signature_faults(draft_of(version))


def signature_faults(draft: Draft) -> list[Any]:
    """A mainland template carries a signature of its own application and type, approved or in review, or is universal;
    others carry none.
    """
    signature = draft.signature
    if not draft.application.is_mainland:
        return [] if signature is None and not draft.universal else [_("International messages carry no signature.")]
    if draft.universal:
        return []
    if signature is None or signature.removed_at or signature.review_state not in (ReviewState.APPROVED, *PENDING):
        return [_("Choose a signature that is approved or in review, or make the template universal.")]
    if signature.built_in:
        return [_("The test signature goes with the test template only. Choose a signature of your own.")]
    if signature.application_id != draft.application.pk or signature.type != draft.type:
        return [_("Choose a signature of the same application and type.")]
    return []


@transaction.atomic
def submit(version: TemplateVersion, *, by: User) -> None:
    """Send a draft in; from here on its words stay. While its signature is in review it waits for that."""
    ReviewDesk.hold()  # before any review's row, as everywhere
    # Held and read anew: what is checked is what is sent in, whoever saves the draft at this moment.
    now = TemplateVersion.objects.select_for_update(of=("self",)).filter(pk=version.pk).first() or version
    # A waiting one is sent on by the system, and a question is answered: neither is sent in again.
    if now.removed_at or now.review_state != ReviewState.DRAFT:
        raise NotAllowed(str(CHANGED))
    application = now.template.application
    modes.check_region(application.enterprise, application.region)
    signature = now.template.signature
    if signature is not None:
        signature.hold()  # so that it is not decided between this look and our commit
    if wrong := faults(now):
        raise NotAllowed(" ".join(map(str, wrong)))
    waits = signature is not None and signature.review_state in PENDING
    version.move(ReviewState.WAITING if waits else ReviewState.IN_REVIEW, by=by)


def check_signature(version: TemplateVersion) -> None:
    """Raises NotAllowed, which takes an approval back, when the template's signature is not approved."""
    signature = version.template.signature
    if signature is not None and signature.review_state != ReviewState.APPROVED:
        raise NotAllowed(_("Its signature is not approved, so the template cannot be. Reject it, and say so."))


def after_signature(signature: Signature) -> None:
    """Send on the templates that have waited for it, or send them back; in the transaction of what was decided."""
    waiting = TemplateVersion.objects.filter(template__signature=signature, review_state=ReviewState.WAITING)
    for version in waiting.order_by("pk"):
        if signature.review_state == ReviewState.APPROVED:
            version.move(ReviewState.IN_REVIEW, by=None)
        else:
            why = gettext_lazy("Its signature %(name)s was not approved. Send it in again with another one.")
            version.move(ReviewState.WITHDRAWN, by=None, **both(why, name=signature))


def withdraw(version: TemplateVersion, *, by: User) -> None:
    version.move(ReviewState.WITHDRAWN, by=by)


@transaction.atomic
def discard(version: TemplateVersion, *, by: User) -> None:
    """Delete a draft, and its template when it has no other version."""
    now = TemplateVersion.objects.select_for_update(of=("self",)).filter(pk=version.pk).first()
    if not now or now.review_state != ReviewState.DRAFT:
        raise NotAllowed(_("This draft was sent in or deleted meanwhile. Load the page again."))
    template = now.template
    audit.record(by=by, verb="templateversion.discarded", object_id=now.pk, enterprise_id=now.enterprise_id)
    now.delete()
    if not template.versions.exists():
        template.delete()


@transaction.atomic
def new_version(template: MessageTemplate, *, by: User) -> TemplateVersion:
    """A draft with the words of the newest version, to change and send in; the approved one is sent meanwhile."""
    if template.is_built_in:
        raise NotAllowed(_("This template is provided by the platform and stays as it is. Add one of your own."))
    # Locked, so that nobody deletes it meanwhile.
    kept = MessageTemplate.objects.select_for_update(no_key=True).filter(pk=template.pk, removed_at__isnull=True)
    if kept.values_list("pk", flat=True).first() is None:
        raise NotAllowed(str(CHANGED))
    last = template.versions.order_by("-number").first()
    if last is None or last.review_state in OPEN:
        raise NotAllowed(_("A version of this template is already being written or reviewed."))
    draft = replace(draft_of(last), variables=list(last.typed_variables))
    version = TemplateVersion(enterprise_id=template.enterprise_id, template=template, number=last.number + 1)
    try:
        with transaction.atomic():
            _fill_version(version, draft)
    except IntegrityError as error:
        raise NotAllowed(_("A version of this template is already being written or reviewed.")) from error
    audit.record(
        by=by,
        verb="templateversion.saved",
        object_id=version.pk,
        enterprise_id=version.enterprise_id,
        label=str(version),
    )
    return version
