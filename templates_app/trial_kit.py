"""The test signature and template that a new mainland application may come with: approved at once, for a month.

They are the platform's own, so nobody reviews them, and nobody puts the signature before a text of their own
(product reference, 2.2 and 4.2). What is over counts no more at once (`Review.is_sendable`); a task disables it then.
"""

from __future__ import annotations

import calendar
import zoneinfo
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import applications, audit
from accounts.models import Application, ReviewState, User
from console.lib.errors import NotAllowed
from templates_app.models import MessageTemplate, MessageType, Signature, TemplateVersion, VariableKind
from templates_app.models.template import Variable

SIGNATURE = "短信测试"
TEXT = "这是一条测试短信，编号${1}。收到即表示发送成功，无需回复。"
VARIABLES = [Variable("1", VariableKind.NUMBER.value, 6, "编号", "100001")]
PURPOSE = "由平台提供，仅供测试。Provided by the platform, for trying things out only."


@transaction.atomic
def create_application(application: Application, *, by: User, signs_callbacks: bool, trial_kit: bool) -> None:
    """A new application, with the test signature and template if wanted; all of it or nothing."""
    applications.create(application, by=by, signs_callbacks=signs_callbacks)
    if trial_kit:
        add(application, by=by)


@transaction.atomic
def add(application: Application, *, by: User) -> None:
    if not application.is_mainland:
        raise NotAllowed(_("Only mainland applications get a test signature and template."))
    until = _month_after(timezone.now(), application.enterprise.time_zone)
    approved: dict[str, Any] = {
        "enterprise_id": application.enterprise_id,
        "built_in": True,
        "review_state": ReviewState.APPROVED,
        "valid_until": until,
        "purpose": PURPOSE,
    }
    kind = MessageType.NOTIFICATION
    signature = Signature.objects.create(application=application, name=SIGNATURE, type=kind, **approved)
    template = MessageTemplate.objects.create(
        enterprise_id=application.enterprise_id,
        application=application,
        signature=signature,
        name=f"Test_{application.key[:8]}",
        type=kind,
        created_by=None,
    )
    variables = [asdict(variable) for variable in VARIABLES]
    TemplateVersion.objects.create(template=template, number=1, text=TEXT, variables=variables, **approved)
    audit.record(
        by=by,
        verb="application.trial_kit_added",
        object_id=application.pk,
        enterprise_id=application.enterprise_id,
        label=application.name,
        template=template.name,
        valid_until=until,
    )


def _month_after(moment: datetime, zone: str) -> datetime:
    """The same day of the next month in `zone`, or its last day where it is shorter."""
    local = moment.astimezone(zoneinfo.ZoneInfo(zone))
    year, month = local.year + local.month // 12, local.month % 12 + 1
    return local.replace(year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1]))


def disable_ended() -> int:
    """Test signatures and templates whose month is over become disabled; how many. Repeating it is harmless."""
    done = 0
    for kind in (TemplateVersion, Signature):
        for item in kind.objects.ended():
            try:
                item.move(ReviewState.DISABLED, by=None)
            except NotAllowed:
                continue  # disabled by another in this very moment
            done += 1
    return done
