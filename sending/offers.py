"""What a job can be made of: the applications, signatures and templates that can be sent now, and why others cannot.

The rules are those of `upload.receive` and `sendable.check_sendable`; here they say no before anything was chosen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, F, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import modes
from accounts.models import Application, ReviewState, User
from accounts.models.application import ApplicationState
from console.lib import text as sms
from console.lib import values
from sending.intake import columns, headers
from sending.models import RecipientList
from sending.sendable import signature_fault
from templates_app.models import MessageTemplate, MessageType, Signature, TemplateVersion
from templates_app.models.template import Variable
from templates_app.rules.size import Measure, longest_size, measure, rendered


@dataclass(frozen=True, slots=True)
class Barred:
    """What cannot be chosen now, why, where its page is, and by when that is decided."""

    thing: Application | Signature | MessageTemplate
    why: str
    url: str
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """An application or signature that can be chosen, with how many templates can be sent with it."""

    thing: Application | Signature
    templates: int


@dataclass(frozen=True, slots=True)
class Message:
    """A template that can be chosen, its version that is sent, and the signature it would go out under ("" abroad)."""

    template: MessageTemplate
    version: TemplateVersion
    signature: str

    @property
    def mainland(self) -> bool:
        return self.template.application.is_mainland

    @property
    def head(self) -> str:
        return self.version.head(self.signature)

    @property
    def examples(self) -> dict[str, str]:
        return {variable.name: variable.example for variable in self.version.typed_variables if variable.example}

    @property
    def usual(self) -> Measure:
        """With the examples; a variable without one counts as its code."""
        shown = {variable.name: variable.example or variable.code for variable in self.version.typed_variables}
        return measure(rendered(self.version.text, shown, head=self.head), mainland=self.mainland)

    @property
    def least(self) -> int:
        """Segments of a message whose values are as short as can be."""
        fixed = "".join(part for kind, part in self.version.pieces if kind == "text")
        return sms.segments(self.head + fixed, mainland=self.mainland)

    @property
    def most(self) -> int:
        variables = self.version.typed_variables
        size = longest_size(self.version.text, variables, signature=self.signature, mainland=self.mainland)
        return size.segments


@dataclass(frozen=True, slots=True)
class Offers:
    """What fits, and what does not."""

    fitting: Sequence[Any] = field(default_factory=list)
    barred: Sequence[Barred] = field(default_factory=list)


def applications(user: User) -> Offers:
    """Those of the person's enterprise, as Ready."""
    counted = MessageTemplate.objects.visible_to(user).sendable().values("application").annotate(n=Count("pk"))
    templates = {row["application"]: row["n"] for row in counted}
    fitting, barred = [], []
    for application in Application.objects.visible_to(user).select_related("enterprise").order_by("region", "name"):
        if why := application_fault(application):
            url = reverse("application", kwargs={"region": application.region, "pk": application.pk})
            barred.append(Barred(application, why, url))
        else:
            fitting.append(Ready(application, templates.get(application.pk, 0)))
    return Offers(fitting, barred)


def signatures(user: User, application: Application) -> Offers:
    """Those of `application`, as Ready."""
    sendable = MessageTemplate.objects.visible_to(user).sendable().filter(application=application)
    own: Counter[int | None] = Counter()
    universal: Counter[str] = Counter()
    for signature_id, type_, is_universal in sendable.values_list("signature_id", "type", "universal"):
        if is_universal:
            universal[type_] += 1
        else:
            own[signature_id] += 1
    fitting, barred = [], []
    found = Signature.objects.visible_to(user).filter(application=application).order_by("name", "type", "pk")
    for signature in found:
        if why := chosen_signature_fault(signature, application):
            due = signature.due_at if signature.is_pending else None
            barred.append(Barred(signature, why, signature.get_absolute_url(), due))
        else:
            more = 0 if signature.built_in else universal[signature.type]
            fitting.append(Ready(signature, own[signature.pk] + more))
    return Offers(fitting, barred)


def templates(user: User, application: Application, signature: Signature | None, *, find: str = "") -> Offers:
    """Those of `application`, as Message; `signature` is the chosen one, None abroad. `find`: in name or text."""
    mine = MessageTemplate.objects.visible_to(user).filter(application=application).with_latest()
    related = mine.select_related("signature", "application__enterprise").order_by("name", "pk")
    versions = _versions(related)
    fitting, barred = [], []
    for template in related:
        version = versions.get(template.pk)
        if version is None:  # its only draft was deleted in this moment
            continue
        if find.casefold() not in f"{template.name}\n{version.text}".casefold():
            continue
        if why := template_fault(template, version, application, signature):
            due = version.due_at if version.is_pending else None
            barred.append(Barred(template, why, version.get_absolute_url(), due))
        else:
            fitting.append(Message(template, version, signature.name if signature else ""))
    return Offers(fitting, barred)


@dataclass(frozen=True, slots=True)
class SavedList:
    """A list that can be sent to; `lacking`: the variables that none of its columns is found for by itself."""

    held: RecipientList
    lacking: Sequence[Variable]


def lists(user: User, version: TemplateVersion) -> list[SavedList]:
    """The enterprise's, the one used last first."""
    ready = RecipientList.objects.visible_to(user).ready()
    recent = ready.order_by(F("last_used_at").desc(nulls_last=True), "-pk")
    return [SavedList(held, _lacking(held, version.typed_variables)) for held in recent]


def _lacking(held: RecipientList, variables: Sequence[Variable]) -> list[Variable]:
    """As the reader will look for them."""
    top = headers.split([(1, held.columns)], header=True, first_column=0, mainland=True)
    sought = [values.Variable(v.name, v.kind, v.longest, v.meaning, v.code) for v in variables]
    try:
        columns.find(top, sought, {"number": 0}, mainland=True)
    except columns.ColumnFault as fault:
        missing = {lacked["name"] for lacked in fault.detail.get("variables", ())}
        return [variable for variable in variables if variable.name in missing]
    return []


def _versions(templates: QuerySet[Any]) -> dict[int, TemplateVersion]:
    """By template: the version that would be sent, and where none is approved the newest; a fixed number of queries."""
    newest = templates.values("latest_id")
    found = {version.template_id: version for version in TemplateVersion.objects.filter(pk__in=newest)}
    approved = TemplateVersion.objects.filter(template__in=templates.values("pk")).approved()
    found |= {version.template_id: version for version in approved.order_by("number")}
    for template in templates:
        if template.pk in found:
            found[template.pk].template = template
    return found


def message(template: MessageTemplate, signature: Signature | None) -> Message | None:
    """With the version that is sent; None where none is approved."""
    version = template.approved_version
    if version is None:
        return None
    version.template = template
    return Message(template, version, signature.name if signature else "")


# Why not. Each is empty where nothing is in the way.


def application_fault(application: Application) -> str:
    """`application` with its enterprise."""
    if not modes.covers(application.enterprise, application.region):
        return _("Your service mode covers international messages only.")
    if application.is_suspended:
        return _("It is suspended. Reason: %(reason)s") % {"reason": application.suspended_reason}
    if application.state != ApplicationState.LAUNCHED:
        return _("It is not launched yet.")
    return ""


def chosen_signature_fault(signature: Signature, application: Application) -> str:
    if signature.application_id != application.pk:
        return _("It belongs to another application.")
    if signature.type == MessageType.VERIFICATION:
        return str(_CODES)
    if signature.removed_at is not None:
        return _("It was deleted.")
    return signature_fault(signature)


def template_fault(
    template: MessageTemplate, version: TemplateVersion, application: Application, signature: Signature | None
) -> str:
    """`version`: the one that would be sent, or the newest."""
    if template.application_id != application.pk:
        return _("It belongs to another application.")
    if template.type == MessageType.VERIFICATION:
        return str(_CODES)
    if template.removed_at is not None:
        return _("It was deleted.")
    return str(_why_unapproved(version)) or (_why_unsigned(template, signature) if application.is_mainland else "")


_CODES = gettext_lazy("Verification codes cannot be sent to groups.")


def _why_unapproved(version: TemplateVersion) -> Promise | str:
    if version.is_sendable:
        return ""
    if version.has_ended:
        return gettext_lazy("The month of the test template is over.")
    return _NOT_APPROVED[ReviewState(version.review_state)]


_NOT_APPROVED = {
    ReviewState.DRAFT: gettext_lazy("It is a draft. Send it in for review."),
    ReviewState.WAITING: gettext_lazy("It waits for its signature to be approved."),
    ReviewState.IN_REVIEW: gettext_lazy("It awaits its review."),
    ReviewState.RETURNED: gettext_lazy("The reviewers have asked a question. Answer it on its page."),
    ReviewState.REJECTED: gettext_lazy("It was rejected."),
    ReviewState.WITHDRAWN: gettext_lazy("It was withdrawn. Send it in again."),
    ReviewState.DISABLED: gettext_lazy("It is disabled."),
    ReviewState.INACTIVE: gettext_lazy("The platform has deactivated it, for good."),
}


def _why_unsigned(template: MessageTemplate, signature: Signature | None) -> str:
    """Why it does not go out under the chosen signature."""
    if signature is None:
        return _("A signature is chosen first.")
    if template.universal:
        if signature.built_in:
            return _("The test signature goes with the test template only.")
        return "" if template.type == signature.type else _("It is of another type than the signature.")
    own = template.signature
    if own is None:
        return _("It has no signature yet. Choose one in a new version.")
    if own.pk == signature.pk:
        return ""
    if own.removed_at is not None:
        return _("Its signature was deleted.")
    return signature_fault(own) or _("It goes out under %(signature)s. Choose that signature.") % {"signature": own}
