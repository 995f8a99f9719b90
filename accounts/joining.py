"""Joining: what an enterprise still has to do before it sends to everybody, and the facts it keeps about itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import agreements, audit, verification
from accounts.models import Enterprise, ReviewState, ServiceMode, User
from accounts.permissions import may
from console.lib.errors import NotAllowed
from console.lib.phone import mask
from console.lib.seen import token as token_of

PROFILE = ("name", "country", "address", "website", "time_zone")
LOOKS = {
    "done": ("delivered", "delivered"),
    "waiting": ("scheduled", "info"),
    "refused": ("rejected", "rejected"),
    "open": ("queued", "queued"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `state` is a key of LOOKS, `word` names it; `url` and `deed` are empty where nothing is to do
    or the person may not."""

    title: str
    state: str
    word: str
    text: str
    url: str = ""
    deed: str = ""
    until: datetime | None = None  # when the platform's answer is due

    @property
    def glyph(self) -> tuple[str, str]:
        return LOOKS[self.state]

    @property
    def is_done(self) -> bool:
        return self.state == "done"


def steps(user: User) -> list[Step]:
    """In the order people take them; two queries."""
    enterprise = user.enterprise
    assert enterprise is not None
    found = [_email(user), _profile(enterprise, user), _number(enterprise, user)]
    found += _agreement(user)
    return [*found, _mode(enterprise, user), _real_name(enterprise, user)]


def left(user: User) -> list[Step]:
    return [step for step in steps(user) if not step.is_done]


def is_complete(enterprise: Enterprise) -> bool:
    """Everything but the agreement, which each person accepts for themselves."""
    return bool(
        enterprise.verified_at
        and enterprise.address
        and enterprise.service_number
        and enterprise.service_mode_chosen_at
    )


def locked_facts(enterprise: Enterprise) -> frozenset[str]:
    """Those of the profile that only a new verification changes."""
    return frozenset(verification.FACTS) if enterprise.verified_at else frozenset()


def profile_token(enterprise: Enterprise) -> str:
    """Stands for the profile as somebody had it before their eyes; a save with an older one would undo another's."""
    return token_of(*(getattr(enterprise, name) for name in PROFILE))


@transaction.atomic
def save_profile(enterprise: Enterprise, values: dict[str, str], *, seen: str, by: User) -> None:
    """`values` by field of PROFILE, `seen` the `profile_token` of the page they were entered on.

    Raises NotAllowed where somebody else has changed the profile, or a fact of it was verified, meanwhile.
    """
    now = Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    if all(getattr(now, name) == value for name, value in values.items()):
        return  # also of a form posted twice
    if profile_token(now) != seen:
        raise NotAllowed(_("Somebody has changed the profile meanwhile. Load the page again, then enter your change."))
    for name in PROFILE:
        if name not in values or getattr(now, name) == values[name]:
            continue
        if name in locked_facts(now):
            raise NotAllowed(_("This fact was verified. To change it, send in a new verification."))
        setattr(now, name, values[name])
    before, after = audit.changes(now, PROFILE)
    now.save(update_fields=list(after))
    audit.record(
        by=by,
        verb="enterprise.changed",
        object_id=now.pk,
        enterprise_id=now.pk,
        label=str(now),
        before=before,
        after=after,
    )


def _todo(title: str, text: str, user: User, action: str, name: str, deed: str) -> Step:
    """A step that is open, with the way to it for those who may."""
    if not may(user, action):
        return Step(title, "open", _("To do"), text)
    return Step(title, "open", _("To do"), text, reverse(name), deed)


def _email(user: User) -> Step:
    return Step(_("E-mail address"), "done", _("Verified"), user.email)


def _profile(enterprise: Enterprise, user: User) -> Step:
    title = _("Profile")
    if enterprise.address:
        return Step(title, "done", _("Complete"), enterprise.address)
    text = _("Say where your enterprise is, so that reviewers and your own people find the same facts.")
    return _todo(title, text, user, "enterprise.edit", "enterprise-edit", _("Complete it"))


def _number(enterprise: Enterprise, user: User) -> Step:
    title = _("Service mobile number")
    if enterprise.service_number:
        return Step(title, "done", _("Verified"), mask(enterprise.service_number))
    text = _("The platform reaches you there. A code by SMS proves that it is yours.")
    return _todo(title, text, user, "enterprise.edit", "own-number-new", _("Add a number"))


def _agreement(user: User) -> list[Step]:
    held, is_accepted = agreements.standing(user)
    if held is None:
        return []
    title = _("Service agreement")
    if is_accepted:
        text = _("Version %(number)s, which holds now.") % {"number": held.number}
        return [Step(title, "done", _("Accepted by you"), text)]
    text = _("Everybody who sends accepts it once, and again when a new version is published.")
    return [_todo(title, text, user, "agreement.read", "agreement", _("Read and accept"))]


def _mode(enterprise: Enterprise, user: User) -> Step:
    title = _("Service mode")
    if enterprise.service_mode_chosen_at:
        return Step(title, "done", _("Chosen"), str(ServiceMode(enterprise.service_mode).label))
    text = _("It says what is covered and what happens when a package ends. Until you choose, mode 1 holds.")
    return _todo(title, text, user, "enterprise.edit", "enterprise-mode", _("Choose"))


def _real_name(enterprise: Enterprise, user: User) -> Step:
    title = _("Real name")
    if enterprise.verified_at:
        return Step(title, "done", _("Verified"), enterprise.name)
    last = verification.latest(enterprise)
    if last and last.review_state == ReviewState.IN_REVIEW:
        return Step(
            title, "waiting", last.get_review_state_display(), "", reverse("verification"), _("Look"), until=last.due_at
        )
    if last and last.review_state == ReviewState.REJECTED:
        text = _("Reason: %(reason)s") % {"reason": last.reason}
        return Step(title, "refused", last.get_review_state_display(), text, reverse("verification"), _("Look"))
    text = _("Until it is verified, you send to your own numbers only, at most 50 messages a day.")
    return _todo(title, text, user, "verification.submit", "verification-new", _("Verify it"))
