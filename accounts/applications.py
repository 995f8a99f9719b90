"""What may be done to an application: create, change, suspend, resume. Secrets are in `application_secrets`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit, modes, notices
from accounts.models import Application, Enterprise, NoticeKind, User
from accounts.models.application import ApplicationState, Region
from console.lib.errors import NotAllowed
from console.lib.seen import token as token_of

# What is changed after creation, in the order of the form.
EDITABLE = ("name", "report_address", "uplink_address", "allowed_networks")
# Not while the application is suspended (product reference, 2.3).
FIXED_WHILE_SUSPENDED = ("uplink_address", "allowed_networks")


class ChangedMeanwhile(NotAllowed):
    """Somebody else has changed the application since the form was opened; `current` is what is stored now.

    `taken`: changed fields that this person had left alone; `clashing`: those that both have changed, each otherwise.
    """

    def __init__(self, current: Application, taken: list[str], clashing: list[str]) -> None:
        super().__init__(
            _("Somebody has changed this application after you opened the page. Nothing was saved here yet.")
        )
        self.current, self.taken, self.clashing = current, taken, clashing


@dataclass(frozen=True, slots=True)
class Quota:
    """How many applications of one region an enterprise has, of how many it may have."""

    used: int
    most: int

    @property
    def is_used_up(self) -> bool:
        return self.used >= self.most


def quota(enterprise: Enterprise, region: str) -> Quota:
    used = Application.objects.filter(enterprise=enterprise, region=region).count()
    mainland = region == Region.MAINLAND
    return Quota(used, enterprise.mainland_applications_max if mainland else enterprise.international_applications_max)


@transaction.atomic
def create(application: Application, *, by: User, signs_callbacks: bool = False) -> None:
    """Save a new application with a key and a secret, which is shown later, once.

    Of several who create at the same moment nobody passes the quota.
    """
    enterprise = Enterprise.objects.select_for_update(no_key=True).get(pk=application.enterprise_id)
    enterprise.check_active()
    modes.check_region(enterprise, application.region)
    has = quota(enterprise, application.region)
    if has.is_used_up:
        raise NotAllowed(
            _(
                "Your enterprise has %(used)s of %(most)s applications of this kind. They cannot be deleted; "
                "use one of them, or ask the platform for more."
            )
            % {"used": has.used, "most": has.most}
        )
    application.issue_key()
    if signs_callbacks:
        application.issue_push_pair()
    _save(application)
    facts = {name: getattr(application, name) for name in (*EDITABLE, "region", "uplink_time")}
    audit.record(
        by=by,
        verb="application.created",
        object_id=application.pk,
        enterprise_id=application.enterprise_id,
        label=application.name,
        after=facts | {"signs_callbacks": signs_callbacks},
    )


def _save(application: Application, **options: Any) -> None:
    try:
        with transaction.atomic():
            application.save(**options)
    except IntegrityError as error:
        if "application_name_once" not in str(error):
            raise
        raise NotAllowed(_("You already have an application with this name.")) from error


def token(application: Application) -> str:
    """Stands for what each field held when the form was shown; a save with an older one would undo somebody's work."""
    return " ".join(token_of(getattr(application, name)) for name in EDITABLE)


@transaction.atomic
def change(pk: int, values: Mapping[str, Any], *, by: User, seen: str) -> Application:
    """Store `values` of some of EDITABLE. `seen` is the `token` of what the person had before their eyes.

    Raises ChangedMeanwhile where somebody else's change would be lost.
    """
    application = Application.objects.select_for_update(no_key=True).get(pk=pk)
    now = {name: getattr(application, name) for name in EDITABLE}
    values = now | dict(values)
    shown = dict(zip(EDITABLE, seen.split(), strict=False))
    if strange := [name for name in EDITABLE if shown.get(name) != token_of(now[name])]:
        clashing = [name for name in strange if shown.get(name) != token_of(values[name]) and values[name] != now[name]]
        raise ChangedMeanwhile(application, [name for name in strange if name not in clashing], clashing)
    changed = [name for name in EDITABLE if values[name] != now[name]]
    if application.is_suspended and set(changed) & set(FIXED_WHILE_SUSPENDED):
        raise NotAllowed(
            _("While an application is suspended, address for replies and allowlist stay as they are. Resume it first.")
        )
    for name in changed:
        setattr(application, name, values[name])
    if changed:
        old, new = audit.changes(application, changed)
        _save(application, update_fields=changed)
        audit.record(
            by=by,
            verb="application.changed",
            object_id=pk,
            enterprise_id=application.enterprise_id,
            label=application.name,
            before=old,
            after=new,
        )
    return application


@transaction.atomic
def suspend(application: Application, *, by: User, reason: str) -> None:
    """Nothing more is sent and no program is served. By the platform's staff: until the platform resumes it."""
    reason = reason.strip()
    if not reason:
        raise NotAllowed(_("Say why, so that your colleagues know when it may go on."))
    application.move(ApplicationState.SUSPENDED, by=by, reason=reason, by_platform=by.is_staff_member)
    if by.is_staff_member:
        about: dict[str, Any] = {"path": _page(application), "name": application.name, "reason": reason}
        notices.tell(application.enterprise, NoticeKind.ACCOUNT, "application.suspended", **about)


@transaction.atomic
def resume(application: Application, *, by: User) -> None:
    """Each side ends its own suspensions only."""
    application.refresh_from_db()
    if application.is_suspended and application.suspended_by_platform != by.is_staff_member:
        if by.is_staff_member:
            raise NotAllowed(_("The enterprise has suspended this application itself; only its people resume it."))
        raise NotAllowed(
            _("The platform has suspended this application, so only the platform resumes it. Reason: %(reason)s")
            % {"reason": application.suspended_reason}
        )
    if not application.is_suspended:
        raise NotAllowed(_("This application is not suspended. Load the page again."))
    application.move(ApplicationState.LAUNCHED, by=by, by_platform=by.is_staff_member)
    if by.is_staff_member:
        about: dict[str, Any] = {"path": _page(application), "name": application.name}
        notices.tell(application.enterprise, NoticeKind.ACCOUNT, "application.resumed", **about)


def _page(application: Application) -> str:
    return reverse("application", kwargs={"region": application.region, "pk": application.pk})
