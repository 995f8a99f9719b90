"""Writing a template's version and sending it in: everything a person of the enterprise does to it.

Knows nothing about HTTP. What reviewers do is in `reviews.py`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit, modes
from accounts.models import Application, ReviewState, User
from console.lib.errors import NotAllowed
from console.lib.seen import token as token_of
from templates_app import rules
from templates_app.models import MessageTemplate, Signature, TemplateVersion
from templates_app.models.template import Variable

ONCE_APPROVED = (ReviewState.APPROVED, ReviewState.DISABLED)


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
    )


def token(version: TemplateVersion) -> str:
    """Stands for what the draft held when it was shown; a save with an older one would overwrite somebody's work."""
    draft = draft_of(version)
    held = [draft.name, draft.type, draft.application.pk, draft.signature and draft.signature.pk, draft.text]
    held += [[asdict(variable) for variable in draft.variables], draft.purpose]
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
    template = MessageTemplate(enterprise=enterprise, created_by=by)
    _fill_template(template, draft)
    version = TemplateVersion(enterprise=enterprise, template=template, number=1)
    _fill_version(version, draft)
    return version


def _rewrite(draft: Draft, version: TemplateVersion, *, seen: str) -> TemplateVersion:
    now = TemplateVersion.objects.select_for_update(of=("self",)).filter(pk=version.pk).first()
    if not now or now.review_state != ReviewState.DRAFT:
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
        same = (template.name, template.type, template.application_id, template.signature_id)
        asked = (draft.name, draft.type, draft.application.pk, draft.signature.pk if draft.signature else None)
        if same != asked:
            raise NotAllowed(
                _("Name, type, application and signature stay as approved. Add a template for other ones.")
            )
    else:
        _fill_template(template, draft)
    _fill_version(now, draft)
    return now


def _fill_template(template: MessageTemplate, draft: Draft) -> None:
    template.name, template.type = draft.name, draft.type
    template.application, template.signature = draft.application, draft.signature
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
    found: list[Any] = list(rules.text_faults(version.text))
    found += [f"${{{v.name}}}: {words}" for v in version.typed_variables for words in rules.variable_faults(v).values()]
    if [v.name for v in version.typed_variables] != rules.names(version.text):
        found.append(_("The table of variables does not match the text. Save the draft again."))
    return found + signature_faults(draft_of(version))


def signature_faults(draft: Draft) -> list[Any]:
    """A mainland template carries an approved signature of its own application and type; others carry none."""
    if not draft.application.is_mainland:
        return [] if draft.signature is None else [_("International messages carry no signature.")]
    signature = draft.signature
    if signature is None or not signature.is_sendable:
        return [_("Choose an approved signature.")]
    if signature.built_in:
        return [_("The test signature goes with the test template only. Choose a signature of your own.")]
    if signature.application_id != draft.application.pk or signature.type != draft.type:
        return [_("Choose a signature of the same application and type.")]
    return []


@transaction.atomic
def submit(version: TemplateVersion, *, by: User) -> None:
    """Send a draft in for review; from here on its words stay."""
    # Held and read anew: what is checked is what is sent in, whoever saves the draft at this moment.
    now = TemplateVersion.objects.select_for_update(of=("self",)).filter(pk=version.pk).first() or version
    application = now.template.application
    modes.check_region(application.enterprise, application.region)
    if wrong := faults(now):
        raise NotAllowed(" ".join(map(str, wrong)))
    version.move(ReviewState.IN_REVIEW, by=by)


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
    last = template.versions.order_by("-number").first()
    if last is None or last.review_state in (ReviewState.DRAFT, ReviewState.IN_REVIEW):
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
