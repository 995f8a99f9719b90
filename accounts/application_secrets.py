"""An application's secrets: showing one once, rotating, ending the old one, signing callbacks, and noting their use.

A secret rests encrypted in its row and leaves it twice: to the person it is shown to, and to whoever checks a program's
proof (`Application.valid_secrets`). It stands in no session, mail, log or audit entry.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import Application, User
from console.lib.errors import NotAllowed

# How long the old secret may stay valid beside the new one, in hours; the choices of the form.
OVERLAPS = (0, 1, 24, 7 * 24)
NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def reveal(application: Application, *, by: User) -> str:
    """The secret, the one time it is shown; of two who ask at once one gets it."""
    return _reveal(application, "secret_shown_at", by=by, verb="application.secret_shown").reveal_secret()


@transaction.atomic
def reveal_push(application: Application, *, by: User) -> str:
    """The secret of the push key pair, the one time it is shown."""
    return _reveal(
        application, "push_secret_shown_at", by=by, verb="application.push_secret_shown"
    ).reveal_push_secret()


def _reveal(application: Application, mark: str, *, by: User, verb: str) -> Application:
    unseen = Application.objects.filter(pk=application.pk, **{f"{mark}__isnull": True})
    if mark == "push_secret_shown_at":
        unseen = unseen.exclude(push_key="")
    if not unseen.update(**{mark: timezone.now()}):
        raise NotAllowed(
            _("This secret was shown already and is not shown again. Make a new one if nobody has kept it.")
        )
    application.refresh_from_db()
    _record(application, by=by, verb=verb)
    return application


@transaction.atomic
def rotate(application: Application, *, by: User, seen: datetime, overlap_hours: int) -> None:
    """A new secret from now on; the old one stays valid for `overlap_hours` more, one of OVERLAPS.

    `seen`: when the secret was made that the person means to replace. Of several who rotate at once one wins.
    """
    if overlap_hours not in OVERLAPS:
        raise NotAllowed(_("Choose how long the old secret stays valid."))
    now = timezone.now()
    application.refresh_from_db()
    if application.secret_made_at == seen and application.old_secret_counts:
        raise NotAllowed(
            _(
                "The last rotation is not over: the secret before still works. "
                "End it first, else programs that use it would stop without warning."
            )
        )
    old = bytes(application.secret)
    application.issue_key()
    until = now + timedelta(hours=overlap_hours) if overlap_hours else None
    done = (
        Application.objects.filter(pk=application.pk, secret_made_at=seen)
        .exclude(old_secret_until__gt=now)
        .update(
            secret=application.secret,
            secret_made_at=now,
            secret_shown_at=None,
            old_secret=old if until else None,
            old_secret_until=until,
        )
    )
    if not done:
        raise NotAllowed(_("Somebody has made a new secret meanwhile. Load the page again to see when."))
    application.refresh_from_db()
    _record(application, by=by, verb="application.secret_rotated", overlap_hours=overlap_hours)


@transaction.atomic
def end_old(application: Application, *, by: User) -> None:
    """The secret before the rotation stops working at once."""
    ended = Application.objects.filter(pk=application.pk, old_secret_until__gt=timezone.now())
    if not ended.update(old_secret=None, old_secret_until=None):
        raise NotAllowed(_("The old secret has ended already."))
    application.refresh_from_db()
    _record(application, by=by, verb="application.old_secret_ended")


@transaction.atomic
def forget_ended() -> int:
    """Old secrets whose time is over are deleted, not kept; how many."""
    over = Application.objects.select_for_update(skip_locked=True, no_key=True).filter(
        old_secret_until__lte=timezone.now()
    )
    applications = list(over)
    for application in applications:
        Application.objects.filter(pk=application.pk).update(old_secret=None, old_secret_until=None)
        _record(application, by=None, verb="application.old_secret_ended")
    return len(applications)


@transaction.atomic
def sign_callbacks(application: Application, *, by: User) -> None:
    """Give the key pair that callbacks are signed with; its secret is shown once, like the application's own."""
    application.issue_push_pair()
    pair = {"push_key": application.push_key, "push_secret": application.push_secret, "push_secret_shown_at": None}
    if not Application.objects.filter(pk=application.pk, push_key="").update(**pair):
        raise NotAllowed(_("Callbacks are signed already. Load the page again."))
    application.refresh_from_db()
    _record(application, by=by, verb="application.signing_on")


@transaction.atomic
def stop_signing(application: Application, *, by: User) -> None:
    """Remove the key pair; switched on again, there will be another."""
    gone = {"push_key": "", "push_secret": None, "push_secret_shown_at": None}
    if not Application.objects.filter(~Q(push_key=""), pk=application.pk).update(**gone):
        raise NotAllowed(_("Callbacks are not signed any more. Load the page again."))
    application.refresh_from_db()
    _record(application, by=by, verb="application.signing_off")


def touch_used(application: Application, address: str) -> None:
    """Note that a program has proved itself, from where; written at most once a minute."""
    now = timezone.now()
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - NOTED_EVERY)
    Application.objects.filter(stale, pk=application.pk).update(last_used_at=now, last_used_from=address)


def _record(application: Application, *, by: User | None, verb: str, **detail: Any) -> None:
    audit.record(
        by=by,
        verb=verb,
        object_id=application.pk,
        enterprise_id=application.enterprise_id,
        label=application.name,
        **detail,
    )
