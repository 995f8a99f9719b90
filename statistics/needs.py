"""What waits for a person of the enterprise: found in what other apps keep, written as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ReviewState, User
from accounts.models.review import OPEN
from accounts.permissions import may
from console.figures import deadline, num
from sending import counts as counting
from sending.models import Carrier, JobCount, SendJob
from sending.states import JobStatus, MessageState
from templates_app import submissions
from templates_app.models import SignatureActivation
from templates_app.models.signature import Dormancy
from templates_app.reviews import KINDS

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
    kinds = [kind for kind in KINDS if submissions.may_edit(user, kind)]
    found = [*_carrier_down(user), *_unknown(user)]
    found += [need for kind in kinds for need in _in_review(user, kind)]
    if may(user, "jobs.send"):
        found += _to_confirm(user)
    # A rejected request is an answer; whoever still needs it asks anew.
    found += [need for kind in kinds if kind != "request" for need in _rejected(user, kind)]
    if may(user, "signatures.edit"):
        found += _asleep(user)
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
    shown = list(waiting.order_by("-id")[:EACH])
    counts = counting.of_jobs(shown)
    for job in shown:
        ready = counts[job.pk][MessageState.QUEUED]
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


def _in_review(user: User, kind: str) -> Iterator[Need]:
    """Questions that stop the clock, and what is late and was not urged yet."""
    now = timezone.now()
    late = Q(review_state=ReviewState.IN_REVIEW, due_at__lt=now, urged_at__isnull=True)
    about = KINDS[kind]
    found = submissions.visible(kind, user).filter(late | Q(review_state=ReviewState.RETURNED))
    for item in found.order_by("review_state", "pk")[:EACH]:
        names = {"kind": about.label, "name": about.title(item)}
        if item.review_state == ReviewState.RETURNED:
            url = reverse("submission-answer", kwargs={"kind": kind, "pk": item.pk})
            what = _("%(kind)s %(name)s: the reviewer asks.") % names
            yield Need(("info", "warn"), what, item.reason_words, url, _("Answer"))
        else:
            why = format_html(_("It was due by {when}. You can urge it."), when=deadline(item.due_at))
            what = _("%(kind)s %(name)s: the decision is late.") % names
            yield Need(("invalid", "warn"), what, why, submissions.address(item), _("Urge"))


def _rejected(user: User, kind: str) -> Iterator[Need]:
    """What was rejected lately and was not sent in again since."""
    about = KINDS[kind]
    found = submissions.visible(kind, user).filter(
        review_state=ReviewState.REJECTED, decided_at__gte=timezone.now() - REJECTED_SHOWN
    )
    for item in _not_again(kind, found).order_by("-decided_at")[:EACH]:
        what = _("%(kind)s %(name)s was rejected.") % {"kind": about.label, "name": about.title(item)}
        why = _("Reason: %(reason)s") % {"reason": item.reason_words}
        yield Need(("rejected", "rejected"), what, why, submissions.address(item), _("Change"))


def _not_again(kind: str, found: Any) -> Any:
    rows: Any = KINDS[kind].model._default_manager
    if kind == "template":
        return found.filter(~Exists(rows.filter(template=OuterRef("template"), number__gt=OuterRef("number"))))
    if kind == "activation":
        return found.filter(
            ~Exists(rows.filter(signature=OuterRef("signature"), pk__gt=OuterRef("pk"))),
            signature__dormancy=Dormancy.DORMANT,
        )
    if kind == "verification":
        return found.filter(~Exists(rows.filter(enterprise=OuterRef("enterprise"), pk__gt=OuterRef("pk"))))
    return found.filter(~Exists(rows.filter(replaces=OuterRef("pk")).exclude(review_state=ReviewState.WITHDRAWN)))


def _asleep(user: User) -> Iterator[Need]:
    asked = SignatureActivation.objects.filter(signature=OuterRef("pk"), review_state__in=OPEN)
    sleeping = submissions.visible("signature", user).filter(
        ~Exists(asked), review_state=ReviewState.APPROVED, dormancy=Dormancy.DORMANT
    )
    for signature in sleeping.order_by("-pk")[:EACH]:
        what = _("Signature %(name)s fell asleep.") % {"name": signature}
        why = _("Nothing was sent under it for long. It is activated before it is used again.")
        yield Need(("paused", "idle"), what, why, submissions.address(signature), _("Activate"))
