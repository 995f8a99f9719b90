"""What waits for a person of the enterprise: found in what other apps keep, written as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ReviewState, User
from accounts.permissions import may
from console.figures import num
from sending.models import Carrier, JobCount, SendJob
from sending.states import JobStatus, MessageState
from templates_app.models import Signature, TemplateVersion

EACH = 5
RECENT = timedelta(days=30)
REJECTED_SHOWN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Need:
    """One thing to do: a glyph (shape and tone), what happened, why, and where to act."""

    glyph: tuple[str, str]
    what: str
    why: str
    url: str
    deed: str


def of(user: User) -> list[Need]:
    """Most pressing first; a fixed number of queries."""
    found = [*_carrier_down(user), *_unknown(user)]
    if may(user, "jobs.send"):
        found += _to_confirm(user)
    if may(user, "templates.edit"):
        found += _rejected(user)
    return found


def _carrier_down(user: User) -> Iterator[Need]:
    waiting = SendJob.objects.visible_to(user).filter(status=JobStatus.SENDING)
    regions = set(waiting.values_list("application__region", flat=True))
    carriers = list(Carrier.objects.enabled())
    for region in sorted(regions):
        serving = [carrier for carrier in carriers if carrier.region in ("", region)]
        if any(carrier.bound_at for carrier in serving):
            continue
        names = ", ".join(carrier.name for carrier in serving)
        what = _("%(carriers)s: not connected.") % {"carriers": names} if names else _("No carrier serves your jobs.")
        yield Need(
            ("failed", "failed"),
            what,
            _("Running jobs wait and go on by themselves. Nothing is lost."),
            reverse("jobs") + "?status=sending",
            _("Look"),
        )


def _unknown(user: User) -> Iterator[Need]:
    cells = JobCount.objects.filter(
        job__enterprise=user.enterprise,
        job__created_at__gte=timezone.now() - RECENT,
        state=MessageState.UNKNOWN,
        n__gt=0,
    )
    for cell in cells.select_related("job").order_by("-job_id")[:EACH]:
        what = ngettext("%(n)s message has no definite answer.", "%(n)s messages have no definite answer.", cell.n) % {
            "n": num(cell.n)
        }
        why = _("Job “%(job)s”. They may have arrived and are not sent again by themselves.") % {"job": cell.job.name}
        yield Need(
            ("unknown", "unknown"), what, why, reverse("job", args=[cell.job_id]) + "?state=unknown#rows", _("Look")
        )


def _to_confirm(user: User) -> Iterator[Need]:
    waiting = SendJob.objects.visible_to(user).filter(status=JobStatus.CHECKED)
    for job in waiting.order_by("-id")[:EACH]:
        ready = job.summary.get("good", 0) + job.summary.get("repaired", 0)
        why = ngettext(
            "%(n)s message waits for your confirmation.", "%(n)s messages wait for your confirmation.", ready
        ) % {"n": num(ready)}
        what, url = _("“%(job)s” is checked.") % {"job": job.name}, reverse("job", args=[job.pk])
        if ready:
            yield Need(("accepted", "accepted"), what, why, url, _("Confirm"))
        else:
            yield Need(("invalid", "warn"), what, _("None of its rows can be sent."), url, _("Look"))
    if (more := waiting.count() - EACH) > 0:
        what = ngettext("%(n)s more job is checked.", "%(n)s more jobs are checked.", more) % {"n": num(more)}
        yield Need(
            ("accepted", "accepted"),
            what,
            ngettext("It waits for your decision.", "They wait for your decision.", more),
            f"{reverse('jobs')}?status={JobStatus.CHECKED}",
            _("All of them"),
        )


def _rejected(user: User) -> Iterator[Need]:
    since = timezone.now() - REJECTED_SHOWN
    newer = TemplateVersion.objects.filter(template=OuterRef("template"), number__gt=OuterRef("number"))
    versions = TemplateVersion.objects.visible_to(user).filter(
        ~Exists(newer), review_state=ReviewState.REJECTED, decided_at__gte=since
    )
    for version in versions.select_related("template__application").order_by("-decided_at")[:EACH]:
        what = _("Template %(name)s was rejected.") % {"name": version.template.name}
        region = version.template.application.region
        yield _answer(what, version.reason, reverse("templates", kwargs={"region": region}))
    for signature in (
        Signature.objects.visible_to(user)
        .filter(review_state=ReviewState.REJECTED, decided_at__gte=since)
        .order_by("-decided_at")[:EACH]
    ):
        what = _("Signature %(name)s was rejected.") % {"name": signature}
        yield _answer(what, signature.reason, reverse("signatures"))


def _answer(what: str, reason: str, url: str) -> Need:
    return Need(("rejected", "rejected"), what, _("Reason: %(reason)s") % {"reason": reason}, url, _("Change"))
