"""Why a job is as fast as it is, from facts: carriers, hours, limits, and who else sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.figures import num
from sending import dispatch, quiet
from sending.choice import URGENT
from sending.dispatch import Waiting
from sending.models import Carrier, JobStatus, Message, MessageState, SendJob

# From this part of a rate on, the rate is what holds a job.
REACHED = 0.7
BEGINNING = timedelta(seconds=20)
# Rows that wait for another try are counted where they can be what a job waits for: at its end.
FEW = 5_000


@dataclass(frozen=True, slots=True)
class Way:
    """The carriers a job can go by, and how many gateways hold them."""

    carriers: list[Carrier]
    gateways: int

    @property
    def rate(self) -> int:
        """Segments a second, all together."""
        return sum(carrier.rate for carrier in self.carriers)

    @property
    def bound(self) -> list[Carrier]:
        return [carrier for carrier in self.carriers if carrier.bound_at]

    @property
    def is_open(self) -> bool:
        return bool(self.bound)

    @property
    def usable(self) -> float:
        """Segments a second that the connected carriers take at this moment."""
        return sum(carrier.rate * carrier.throttle / 100 for carrier in self.bound)

    @property
    def windows(self) -> int:
        """Messages that can be on their way at once."""
        return self.gateways * sum(carrier.window for carrier in self.bound)


def way(region: str) -> Way:
    return Way(list(Carrier.objects.serving(region).order_by("name")), dispatch.live_gateways())


@dataclass(frozen=True, slots=True)
class Reason:
    """`short` stands under the rate, `words` say it whole, with what to do where anything can be done."""

    code: str
    short: str
    words: str


def segments_each(job: SendJob) -> float:
    """Segments of a message of this job, on average."""
    messages = segments = 0
    figures = job.files.counted().values_list("summary__good", "summary__repaired", "summary__segments_total")
    for good, repaired, total in figures:
        messages += (good or 0) + (repaired or 0)
        segments += total or 0
    return max(1.0, segments / messages) if messages else 1.0


def expected(job: SendJob, way: Way, *, each: float) -> float:
    """Messages a second that the job reaches when nothing but the carriers and its own limit holds it."""
    usable = way.usable or way.rate
    return min(usable, job.speed_limit or usable) / each


def why(
    job: SendJob, counts: Mapping[MessageState, int], way: Way, *, speed: float, each: float, now: datetime
) -> list[Reason]:
    """What holds a job that sends `speed` messages of `each` segments a second, the most decisive first.

    Empty where nothing is to be sent. What bars it altogether says `sendable.obstacle`.
    """
    queued = counts.get(MessageState.QUEUED, 0)
    if job.status != JobStatus.SENDING or not queued:
        return []
    if standstill := _nobody_takes(way):
        return [standstill]
    night = quiet.standing(job, queued, now)
    hours = [Reason("quiet_hours", _("quiet hours"), night.text)] if night else []
    if night and night.waiting >= queued:
        return hours
    others = [other for other in dispatch.waiting_jobs() if other.id != job.pk and other.region == _region(job)]
    fast = speed * each
    limit = _limit(job, fast=fast, usable=way.usable, alone=not others)
    reasons = [
        *limit,
        *_carriers(way),
        *_others(job, others),
        *_retries(job, queued),
        *_rate(way, fast),
    ]
    return (reasons or _nothing_special(job, now)) + hours


def _region(job: SendJob) -> str:
    return str(job.application.region)


def _nobody_takes(way: Way) -> Reason | None:
    if not way.carriers:
        return Reason("no_carrier", _("no carrier"), _("No carrier serves this region. The platform sets one up."))
    if not way.gateways:
        return Reason(
            "no_gateway",
            _("sending process away"),
            _("The process that sends is not running. It is started again by itself; nothing is lost meanwhile."),
        )
    if not way.is_open:
        words = _("No carrier is connected. Messages leave by themselves once one is; nothing is lost meanwhile.")
        return Reason("no_connection", _("no carrier connected"), words)
    return None


def _limit(job: SendJob, *, fast: float, usable: float, alone: bool) -> list[Reason]:
    """Where the limit is what holds it: not when it is out of reach."""
    limit = job.speed_limit
    if not limit or limit > usable or not (alone or fast >= limit * REACHED):
        return []
    facts = {"n": num(limit)}
    short = _("held by its own limit of %(n)s") % facts
    return [Reason("speed_limit", short, _("This job’s own limit is %(n)s segments a second.") % facts)]


def _carriers(way: Way) -> list[Reason]:
    """Carriers that are away or ask for less, while others are there."""
    reasons = []
    for carrier in way.bound:
        if carrier.throttle >= 100:
            continue
        facts = {"carrier": carrier.name, "percent": carrier.throttle, "rate": num(carrier.rate)}
        words = _(
            "%(carrier)s has answered that it takes no more now. We use %(percent)s %% of its %(rate)s segments a"
            " second, and a little more each second."
        )
        reasons.append(Reason("throttled", _("%(carrier)s asks for less") % facts, words % facts))
    away = [carrier for carrier in way.carriers if not carrier.bound_at]
    if away:
        facts = {"n": len(away), "all": len(way.carriers), "names": _(", ").join(carrier.name for carrier in away)}
        short = ngettext("%(n)s of %(all)s carriers is away", "%(n)s of %(all)s carriers are away", len(away))
        reasons.append(Reason("carrier_away", short % facts, _("Not connected: %(names)s.") % facts))
    return reasons


def _others(job: SendJob, others: list[Waiting]) -> list[Reason]:
    """Jobs that are served before this one, and those that share with it."""
    reasons = []
    own = [o for o in others if (o.enterprise_id, o.priority) == (job.enterprise_id, job.priority)]
    if before := [other for other in own if other.id < job.pk]:
        facts = {"id": before[0].id, "n": len(before)}
        words = _("Jobs of the same kind are sent one after another, in the order in which they were made.")
        reasons.append(Reason("after_own", _("after your job %(id)s") % facts, words))
    if urgent := sum(other.priority == URGENT < job.priority for other in others):
        words = ngettext(
            "%(n)s job with verification codes goes first.", "%(n)s jobs with verification codes go first.", urgent
        )
        reasons.append(Reason("urgent", _("codes go first"), words % {"n": num(urgent)}))
    flows = {(o.enterprise_id, o.priority) for o in others if o.priority != URGENT and o not in own}
    if sharing := len(flows):
        short = ngettext("shared with %(n)s other", "shared with %(n)s others", sharing) % {"n": num(sharing)}
        words = ngettext(
            "%(n)s other sends by the same carriers. Enterprises share alike; notifications get four times the share"
            " of promotions.",
            "%(n)s others send by the same carriers. Enterprises share alike; notifications get four times the share"
            " of promotions.",
            sharing,
        )
        reasons.append(Reason("shared", short, words % {"n": num(sharing)}))
    return reasons


def _retries(job: SendJob, queued: int) -> list[Reason]:
    if queued > FEW:
        return []
    waits = Q(not_before__gt=Now())
    of_job = Message.objects.of_job(job).filter(state=MessageState.QUEUED, id__lt=job.release_end)
    found = of_job.aggregate(n=Count("id", filter=waits))
    if not (n := found["n"]) or n < queued * REACHED:
        return []
    short = ngettext("%(n)s waits for another try", "%(n)s wait for another try", n) % {"n": num(n)}
    words = ngettext(
        "The carrier refused %(n)s message for now. It is tried again within seconds or minutes.",
        "The carrier refused %(n)s messages for now. They are tried again within seconds or minutes.",
        n,
    )
    return [Reason("retries", short, words % {"n": num(n)})]


def _rate(way: Way, fast: float) -> list[Reason]:
    if fast < way.usable * REACHED:
        return []
    facts = {"n": num(round(way.usable)), "carriers": _(", ").join(carrier.name for carrier in way.bound)}
    short = ngettext("held by the carrier’s %(n)s", "held by the carriers’ %(n)s", len(way.bound)) % facts
    return [Reason("carrier_rate", short, _("%(carriers)s: at most %(n)s segments a second.") % facts)]


def _nothing_special(job: SendJob, now: datetime) -> list[Reason]:
    if job.started_at and now - job.started_at < BEGINNING:
        return [
            Reason("beginning", _("has just begun"), _("The job has just begun; its rate is known in some seconds."))
        ]
    words = _(
        "Nothing holds this job back but other work of the system, such as reading files. It catches up by itself."
    )
    return [Reason("catching_up", _("the system is catching up"), words)]
