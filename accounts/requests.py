"""What an enterprise asks the platform for: which kinds there are, who decides them, and what an approval does.

A kind is one entry of `KINDS`: when it may be asked for, which staff decide it, and its effect, which is applied in the
transaction of the decision.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit, modes, notices
from accounts.models import Enterprise, NoticeKind, Request, RequestKind, ReviewState, Role, User
from accounts.models.application import Region
from accounts.models.enterprise import EnterpriseState
from accounts.models.review import OPEN
from accounts.permissions import ADMINISTRATORS, STAFF
from console.lib.errors import NotAllowed

APPLICATIONS_MAX = 50


class Kind:
    """`about` tells the applicant what it is; `figure` is the enterprise's field that it raises, if it raises one."""

    about: ClassVar[str | Promise] = ""
    figure: ClassVar[str] = ""
    most: ClassVar[int] = 0  # of the figure
    deciders: ClassVar[frozenset[Role]] = STAFF

    def present(self, enterprise: Enterprise) -> int | None:
        return getattr(enterprise, self.figure) if self.figure else None

    def check_open(self, enterprise: Enterprise) -> None:
        """NotAllowed when the enterprise cannot ask for this at all, as it stands now."""

    def check(self, asked: Request, enterprise: Enterprise) -> None:
        """NotAllowed when this makes no sense: looked at when it is asked for, and again when it is granted."""
        self.check_open(enterprise)

    def grant(self, asked: Request, enterprise: Enterprise, *, by: User) -> None:
        """What an approval does."""


class MoreApplications(Kind):
    most = APPLICATIONS_MAX

    def check(self, asked: Request, enterprise: Enterprise) -> None:
        super().check(asked, enterprise)
        present = self.present(enterprise) or 0
        if asked.wanted is None:
            raise NotAllowed(_("Say how many you need in all."))
        if asked.wanted <= present:
            raise NotAllowed(_("%(present)s are allowed already; ask for more than that.") % {"present": present})
        if asked.wanted > self.most:
            raise NotAllowed(_("At most %(most)s are possible.") % {"most": self.most})

    def grant(self, asked: Request, enterprise: Enterprise, *, by: User) -> None:
        before = {self.figure: self.present(enterprise)}
        setattr(enterprise, self.figure, asked.wanted)
        enterprise.save(update_fields=[self.figure])
        audit.record(
            by=by,
            verb="enterprise.limit_raised",
            object_id=enterprise.pk,
            enterprise_id=enterprise.pk,
            label=enterprise.name,
            before=before,
            after={self.figure: asked.wanted},
            request=asked.pk,
        )


class MoreMainlandApplications(MoreApplications):
    about = gettext_lazy("Another program or brand that sends to the Chinese mainland needs an application of its own.")
    figure = "mainland_applications_max"

    def check_open(self, enterprise: Enterprise) -> None:
        modes.check_region(enterprise, Region.MAINLAND)


class MoreInternationalApplications(MoreApplications):
    about = gettext_lazy("Another program or brand that sends abroad needs an application of its own.")
    figure = "international_applications_max"


class Restart(Kind):
    about = gettext_lazy("The platform has suspended your enterprise. Say what you have put right.")
    deciders = ADMINISTRATORS

    def check_open(self, enterprise: Enterprise) -> None:
        if enterprise.state != EnterpriseState.SUSPENDED:
            raise NotAllowed(_("The enterprise is not suspended; there is nothing to restart."))

    def grant(self, asked: Request, enterprise: Enterprise, *, by: User) -> None:
        enterprise.move(EnterpriseState.ACTIVE, by=by)


class Other(Kind):
    about = gettext_lazy("Whatever else you need from the platform. An administrator answers.")
    deciders = ADMINISTRATORS


KINDS: dict[str, Kind] = {
    RequestKind.MAINLAND_APPLICATIONS: MoreMainlandApplications(),
    RequestKind.INTERNATIONAL_APPLICATIONS: MoreInternationalApplications(),
    RequestKind.RESTART: Restart(),
    RequestKind.OTHER: Other(),
}


def offered(enterprise: Enterprise) -> list[RequestKind]:
    """The kinds that the enterprise may ask for as it stands now."""
    found = []
    for kind in RequestKind:
        try:
            KINDS[kind].check_open(enterprise)
        except NotAllowed:
            continue
        found.append(kind)
    return found


@transaction.atomic
def submit(asked: Request, *, by: User) -> None:
    """Save and send in a new request. One of a kind is open at a time, of "something else" one of the same words."""
    enterprise = _locked(asked)
    KINDS[asked.kind].check(asked, enterprise)
    same = Request.objects.filter(enterprise=enterprise, kind=asked.kind, review_state__in=OPEN)
    if asked.kind == RequestKind.OTHER:
        same = same.filter(why=asked.why)
    if same.exists():
        raise NotAllowed(_("You have already asked for this; the answer is still to come."))
    asked.save()
    asked.move(ReviewState.IN_REVIEW, by=by)


def withdraw(asked: Request, *, by: User) -> None:
    asked.move(ReviewState.WITHDRAWN, by=by)


def settle(asked: Request, *, by: User) -> None:
    """Apply what was just decided and tell the enterprise; in the decision's transaction.

    An approval that no longer makes sense is refused (NotAllowed), which takes the decision back.
    """
    enterprise = _locked(asked)
    approved = asked.review_state == ReviewState.APPROVED
    if approved:
        kind = KINDS[asked.kind]
        try:
            kind.check(asked, enterprise)
        except NotAllowed as problem:
            words = _("This cannot be approved any more: %(problem)s Reject it, and say so.")
            raise NotAllowed(words % {"problem": problem}) from problem
        kind.grant(asked, enterprise, by=by)
    tell(asked)


def tell(asked: Request) -> None:
    """Its enterprise, what has become of it or what is asked."""
    notices.tell(
        asked.enterprise,
        NoticeKind.ACCOUNT,
        f"request.{asked.review_state}",
        path=f"/requests/{asked.pk}/",
        request=asked.kind,
        wanted=asked.wanted,
        reason=asked.reason,
        reason_zh=asked.reason_zh,
    )


def _locked(asked: Request) -> Enterprise:
    """Its enterprise, held until the end of the transaction: two deeds about it come one after the other."""
    return Enterprise.objects.select_for_update(no_key=True).get(pk=asked.enterprise_id)
