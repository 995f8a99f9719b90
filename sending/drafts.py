"""Jobs that are being put together, step by step: left, resumed by anybody of the enterprise, and made jobs once.

Every choice is stored when it is made. What was chosen may cease to fit, by another choice or in the world outside;
`progress` says so, and nothing becomes a job before all of it fits. A draft stays beside its job, so that pages which
still show it lead there, until nobody has used it for a month.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, models, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Application, User
from console.lib.errors import NotAllowed
from sending import offers
from sending.intake import upload
from sending.intake.upload import NAME_MAX
from sending.models import JobDraft, RecipientList, SendJob
from templates_app.models import MessageTemplate, Signature

UNUSED = timedelta(days=30)
_NUMBERED = re.compile(r"(.*?) (\d{1,4})").fullmatch
_RELATED = (
    "application__enterprise",
    "signature",
    "template__application__enterprise",
    "template__signature",
    "saved_list",
    "created_by",
    "enterprise",
)

Thing = Application | Signature | MessageTemplate


class Step(models.TextChoices):
    """In the order in which they are made."""

    NAME = "name", gettext_lazy("Name")
    APPLICATION = "application", gettext_lazy("Application")
    SIGNATURE = "signature", gettext_lazy("Signature")
    TEMPLATE = "template", gettext_lazy("Template")
    RECIPIENTS = "recipients", gettext_lazy("Recipients")


ORDER = tuple(Step)
# What a draft holds for each step in a field of that name.
CHOICES = (Step.APPLICATION, Step.SIGNATURE, Step.TEMPLATE)


class Changed(NotAllowed):
    """What the page showed before this step is no longer what the draft holds."""

    def __init__(self) -> None:
        super().__init__(
            _("This job was changed meanwhile, in another window or by somebody else. It is shown as it is now.")
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a draft has come; `faults` say of what was chosen why it cannot be sent now."""

    draft: JobDraft
    message: offers.Message | None
    faults: Mapping[Step, str]

    @property
    def steps(self) -> list[Step]:
        """Messages abroad have no signature."""
        application = self.draft.application
        return [step for step in ORDER if step != Step.SIGNATURE or application is None or application.is_mainland]

    def has(self, step: Step) -> bool:
        return _filled(self.draft, step) and step not in self.faults

    @property
    def missing(self) -> Step:
        """The first step that is still to be made."""
        return next(step for step in self.steps if not self.has(step))

    def may_open(self, step: str | None) -> bool:
        return step in self.steps and self.steps.index(Step(step)) <= self.steps.index(self.missing)


def _filled(draft: JobDraft, step: Step) -> bool:
    if step == Step.NAME:
        return bool(draft.name)
    return step != Step.RECIPIENTS and getattr(draft, f"{step}_id") is not None


def progress(draft: JobDraft) -> Progress:
    """As of now: what was approved when it was chosen may not be any more."""
    faults: dict[Step, str] = {}
    application, signature, template = draft.application, draft.signature, draft.template
    message = None
    if application is not None:
        faults[Step.APPLICATION] = offers.application_fault(application)
        if signature is not None:
            faults[Step.SIGNATURE] = offers.chosen_signature_fault(signature, application)
        if template is not None:
            message = offers.message(template, signature)
            faults[Step.TEMPLATE] = _template_fault(template, message, application, signature)
    return Progress(draft, message, {step: why for step, why in faults.items() if why})


def _template_fault(
    template: MessageTemplate, message: offers.Message | None, application: Application, signature: Signature | None
) -> str:
    version = message.version if message else template.versions.order_by("-number").first()
    if version is None:
        return _("It has no version that can be sent.")
    return offers.template_fault(template, version, application, signature)


def missing(draft: JobDraft) -> Step:
    """As `Progress.missing`, by what was chosen alone: for lists."""
    return Progress(draft, None, {}).missing


def basis(draft: JobDraft, step: Step) -> str:
    """What was chosen before `step`: a page that shows another one was overtaken."""
    before = [each for each in CHOICES if ORDER.index(each) < ORDER.index(step)]
    return "-".join(str(getattr(draft, f"{each}_id") or "") for each in before)


# Finding


def find(user: User) -> QuerySet[JobDraft]:
    """Those of the person's enterprise with all that their pages show."""
    return JobDraft.objects.visible_to(user).select_related(*_RELATED)


def unfinished(user: User) -> QuerySet[JobDraft]:
    """Those that are no job yet, the one used last first."""
    begun = SendJob.objects.filter(token=OuterRef("token"))
    return find(user).filter(~Exists(begun)).order_by("-updated_at", "-pk")


def job_of(draft: JobDraft) -> SendJob | None:
    return SendJob.objects.filter(enterprise=draft.enterprise_id, token=draft.token).first()


# Making


def start(*, by: User, token: uuid.UUID, name: str, template: MessageTemplate | None = None) -> JobDraft:
    """A new draft; the same one, renamed, for the same `token`. With all that belongs to `template`, where it fits."""
    assert by.enterprise is not None
    known = JobDraft.objects.visible_to(by).filter(token=token).first()
    if known is not None:
        rename(known, name)
        return known
    draft = JobDraft(enterprise=by.enterprise, token=token, name=name, created_by=by)
    if template is not None:
        _take_over(draft, template.application, template.signature, template)
    try:
        with transaction.atomic():
            draft.save()
    except IntegrityError:  # the same form, posted twice at once; or the token is another enterprise's
        draft.token = uuid.uuid4()
        if twin := JobDraft.objects.visible_to(by).filter(token=token).first():
            return twin
        draft.save()
    return draft


def rename(draft: JobDraft, name: str) -> None:
    draft.name = name
    draft.save(update_fields=["name", "updated_at"])


@transaction.atomic
def choose(draft: JobDraft, step: Step, thing: Thing, *, seen: str) -> list[str]:
    """Store what was chosen for a step; answers what it has cleared, in words. `seen`: the `basis` that was shown.

    Raises Changed, or NotAllowed where `thing` cannot be chosen.
    """
    held = _hold(draft)
    if seen != basis(held, step):
        raise Changed
    if getattr(held, f"{step}_id") == thing.pk:
        return []
    setattr(held, step, thing)
    if why := progress(held).faults.get(step):
        raise NotAllowed(why)
    cleared = _clear(held, after=step)
    held.save(update_fields=[*CHOICES, "updated_at"])
    return cleared


def keep_recipients(draft: JobDraft, *, source: str, numbers: str | None, saved_list: RecipientList | None) -> None:
    """What was typed or chosen for the last step so far; `numbers` None: leave those that are kept."""
    draft.source, draft.saved_list = source, saved_list
    draft.numbers = draft.numbers if numbers is None else numbers
    draft.save(update_fields=["source", "numbers", "saved_list", "updated_at"])


@transaction.atomic
def begin(draft: JobDraft, *, by: User, recipients: upload.Recipients, seen: str) -> SendJob:
    """The draft's job, its recipients under way to be read; the same job however often it is asked for.

    Raises Changed, or NotAllowed where something of it cannot be sent now.
    """
    held = _hold(draft)
    if known := job_of(held):
        return known
    if seen != basis(held, Step.RECIPIENTS):
        raise Changed
    now = progress(held)
    if now.missing != Step.RECIPIENTS or now.message is None:
        why = now.faults.get(now.missing, "")
        raise NotAllowed(_("Choose the %(what)s anew. %(why)s") % {"what": now.missing.label.lower(), "why": why})
    job = upload.receive(
        enterprise=held.enterprise,
        by=by,
        token=held.token,
        name=held.name,
        version=now.message.version,
        recipients=recipients,
        signature=held.signature if now.message.template.universal else None,
    )
    if recipients.saved_list is not None:
        RecipientList.objects.filter(pk=recipients.saved_list.pk).update(last_used_at=timezone.now())
    held.numbers = ""  # they are in the job's file
    held.save(update_fields=["numbers", "updated_at"])
    return job


def duplicate(job: SendJob, *, by: User) -> tuple[JobDraft, list[str]]:
    """A draft of the same message; and in words what is left out, because it cannot be sent any more."""
    assert by.enterprise is not None
    draft = JobDraft(enterprise=by.enterprise, name=_next_name(job.name, by), created_by=by)
    left_out = _take_over(draft, job.application, job.signature, job.version.template)
    draft.save()
    return draft, left_out


def remove(draft: JobDraft) -> None:
    """Raises NotAllowed where it has become a job meanwhile."""
    with transaction.atomic():
        held = _hold(draft)
        if job_of(held):
            raise NotAllowed(_("This draft has become a job meanwhile. Stop or cancel the job on its page."))
        held.delete()


def forget_unused() -> int:
    """Those that nobody has used for a month; how many."""
    return JobDraft.objects.filter(updated_at__lt=timezone.now() - UNUSED).delete()[0]


def _hold(draft: JobDraft) -> JobDraft:
    """Locked and read anew. Raises NotAllowed where it is gone."""
    held = JobDraft.objects.select_for_update(of=("self",)).select_related(*_RELATED).filter(pk=draft.pk).first()
    if held is None:
        raise NotAllowed(_("This draft was deleted meanwhile. Begin a new job."))
    return held


def _clear(draft: JobDraft, *, after: Step) -> list[str]:
    """Take out what no longer fits the choice made for `after`; what it was, in words."""
    cleared = []
    for step in CHOICES[CHOICES.index(after) + 1 :]:
        thing = getattr(draft, step)
        if thing is not None and progress(draft).faults.get(step):
            cleared.append(_named(step, thing))
            setattr(draft, step, None)
    return cleared


def _take_over(
    draft: JobDraft, application: Application, signature: Signature | None, template: MessageTemplate
) -> list[str]:
    """Choose for a new draft what can be sent now; what cannot, with the reason, in words."""
    if why := offers.application_fault(application):
        return [f"{_named(Step.APPLICATION, application)} – {why}"]
    left_out = []
    draft.application, draft.signature, draft.template = application, signature, template
    faults = progress(draft).faults
    if Step.SIGNATURE in faults:
        left_out.append(f"{_named(Step.SIGNATURE, signature)} – {faults[Step.SIGNATURE]}")
        draft.signature = None
    if draft.signature is None and application.is_mainland and template.universal:
        return left_out  # whether it fits is asked when its signature is chosen
    faults = progress(draft).faults
    if Step.TEMPLATE in faults:
        left_out.append(f"{_named(Step.TEMPLATE, template)} – {faults[Step.TEMPLATE]}")
        draft.template = None
    return left_out


def _named(step: Step, thing: object) -> str:
    return _("%(kind)s %(name)s") % {"kind": step.label, "name": thing}


def _next_name(name: str, by: User) -> str:
    """ "Members" → "Members 2", "Members 2" → "Members 3"; the first that no job or draft has."""
    match = _NUMBERED(name)
    base, number = (match[1], int(match[2])) if match else (name, 1)
    taken = set()
    for kept in (SendJob.objects.visible_to(by), JobDraft.objects.visible_to(by)):
        taken |= set(kept.filter(name__startswith=base[: NAME_MAX - 5]).values_list("name", flat=True))
    while True:
        number += 1
        ending = f" {number}"
        found = base[: NAME_MAX - len(ending)] + ending
        if found not in taken:
            return found
