"""For any sequence of files, corrections, confirmations and interruptions no number is sent to twice in a job.

One person works on one job: uploads, corrected and further files, other columns, leaving out, confirming, pausing,
stopping, on pages that may be old, while gateways claim and settle. What was confirmed and what was handed over is
written down as it happens, and after every step compared with the ledger; whose states always sum to the job's rows.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from console.lib.errors import NotAllowed
from sending import counts, dispatch, due, intake, job_files, jobs, ledger
from sending.intake import upload
from sending.ledger import Claimed
from sending.models import FileState, JobFile, JobStatus, Message, MessageState, SendJob
from sending.states import CONFIRMED
from templates_app.models import TemplateVersion
from tests import make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
S = MessageState
SEQUENCES, STEPS = 25, 15
# Few numbers, so that files bring the same ones again; some cannot be sent to.
GOOD = [f"1380013800{n}" for n in range(6)]
CELLS = [*GOOD, *GOOD, *GOOD, "1380", "x", ""]
HEADER = "手机号,备用,Row in the file"
OUTCOMES = [S.ACCEPTED, S.ACCEPTED, S.REJECTED, S.UNKNOWN, S.QUEUED]
# What happens how often; ends are rare, else most sequences would be short.
WEIGHTS = {
    "bring": 3, "read_by_other_columns": 1, "leave_out": 2, "let_go": 4, "confirm": 0.5, "later": 0.5, "more": 1.5,
    "pause": 0.7, "resume": 0.5, "cancel": 0.1, "stop": 0.2, "send": 5, "sweep": 1, "its_time_comes": 0.7,
    "the_reader": 0.3, "the_gateway_dies": 0.7,
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """What a person has seen of the job: its files with the time of their check, and the token that stands for it."""

    job: SendJob
    token: str
    files: frozenset[tuple[int, datetime | None]]

    @classmethod
    def of(cls, job: SendJob) -> Page:
        return cls(copy(job), jobs.token_of(job), frozenset(job.files.values_list("pk", "checked_at")))


class World:
    """Who works with what; made once. What all the sequences together have come to."""

    def __init__(self) -> None:
        self.alice: User = make.user(name="alice")
        self.version: TemplateVersion = make.template(by=self.alice, text="您的订单已发货。", variables=[])
        self.came: Counter[str] = Counter()


class Sequence:
    """One job and what is done to it. `confirmed` are the ids that somebody let go, `taken` the numbers that a carrier
    has got, or may have.
    """

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, Random(seed)
        self.steps: list[str] = []
        self.page: Page | None = None  # as it was at the decision before
        self.confirmed: list[range] = []
        self.taken: Counter[str] = Counter()
        self.under_way: list[Claimed] = []
        self.owner = dispatch.take_lease()
        self.job = upload.receive(
            enterprise=make.home(world.alice),
            by=world.alice,
            token=uuid.uuid4(),
            name="Spring",
            version=world.version,
            recipients=self.recipients(),
        )
        self.the_reader()

    def run(self, deeds: list[str] | None = None) -> None:
        """So many steps, or just these."""
        for deed in deeds or self.random.choices(list(WEIGHTS), list(WEIGHTS.values()), k=STEPS):
            self.steps.append(deed)
            getattr(self, deed, lambda deed=deed: self.decide(deed))()
            self.job.refresh_from_db()
            self.check()

    def mostly(self) -> bool:
        return self.random.random() < 0.75

    def try_it(self, what: str, deed: Callable[[], object]) -> bool:
        """False where it is refused, which is no fault."""
        try:
            deed()
        except NotAllowed as problem:
            self.steps.append(f"({problem})")
            return False
        finally:
            self.job.refresh_from_db()
        self.world.came[what] += 1
        return True

    # Files

    def recipients(self) -> upload.Recipients:
        """Rows of number, number in another column, and which refused row of an earlier file they correct."""
        pick = self.random.choice
        rows = [(pick(CELLS), pick(CELLS), pick(["", "", "2", "3", "4"])) for _row in range(self.random.randint(1, 5))]
        self.steps.append(str(rows))
        return upload.Recipients(ContentFile("\n".join([HEADER, *map(",".join, rows)]).encode(), name="people.csv"))

    def bring(self) -> None:
        """A further file, with corrected and other rows."""
        given, by = self.recipients(), self.world.alice
        self.try_it("added", lambda: upload.add(self.job, by=by, token=uuid.uuid4(), recipients=given))
        if self.mostly():
            self.the_reader()

    def the_reader(self) -> None:
        """Whoever has asked for it."""
        for pk in self.job.files.filter(state=FileState.READING).values_list("pk", flat=True):
            intake.read(pk)
        self.job.refresh_from_db()

    def read_by_other_columns(self) -> None:
        file, wanted = self.file(), {"number": self.random.choice([0, 1, 1, 7])}
        self.try_it("reread", lambda: job_files.reread(file, by=self.world.alice, wanted=wanted))
        if self.mostly():
            self.the_reader()

    def leave_out(self) -> None:
        """Mostly where something else is left: a job without any other file ends with it."""
        if self.mostly() and self.job.files.counted().count() < 2:
            return
        file = self.job.files.filter(state=FileState.CHECKED).last() or self.file()
        self.try_it("left out", lambda: job_files.leave_out(file, by=self.world.alice))

    def file(self) -> JobFile:
        file = self.job.files.order_by("-number" if self.mostly() else "number").first()
        assert file
        return file

    # What a person decides, on a page that was loaded just now or some time ago

    def decide(self, deed: str) -> None:
        now = Page.of(self.job)
        page = now if self.mostly() or not self.page else self.page
        job, token, before = page.job, page.token, set(self.let_go_already())
        by, tomorrow = self.world.alice, timezone.now() + timedelta(days=1)
        deeds: dict[str, Callable[[], object]] = {
            "confirm": lambda: jobs.confirm(job, by=by, token=token),
            "later": lambda: jobs.confirm(job, by=by, token=token, plan=jobs.Plan(at=tomorrow)),
            "more": lambda: jobs.confirm_more(job, by=by, token=token),
            "pause": lambda: jobs.pause(job, by=by),
            "resume": lambda: jobs.resume(job, by=by),
            "cancel": lambda: jobs.cancel(job, by=by),
            "stop": lambda: jobs.stop(job, by=by),
        }
        self.page = now
        if self.try_it(deed, deeds[deed]) and deed in ("confirm", "later", "more"):
            for file in self.job.files.filter(state=FileState.CONFIRMED).exclude(pk__in=before):
                assert (file.pk, file.checked_at) in page.files, "confirmed without having been seen"
                self.confirmed.append(range(file.first_id, file.end_id))

    def let_go_already(self) -> list[int]:
        return list(self.job.files.filter(state=FileState.CONFIRMED).values_list("pk", flat=True))

    def let_go(self) -> None:
        """What there is to be let go."""
        self.the_reader()
        self.decide({JobStatus.CHECKED: "confirm", JobStatus.PAUSED: "resume"}.get(JobStatus(self.job.status), "more"))

    # What goes on by itself

    def send(self, *, answered: bool = True) -> None:
        """Claim, whatever the job's state is: the statement itself must see to it. Some of it is answered."""
        if self.job.first_id is None:
            return
        found = ledger.claim(
            owner=self.owner,
            carrier_id=1,
            job_id=self.job.pk,
            after_id=0,
            first_id=self.job.first_id,
            parts=self.random.randint(1, 4),
        )
        for row in found:
            self.taken[row.number] += 1
            assert any(row.id in ids for ids in self.confirmed), "claimed without a confirmation"
        self.world.came["claimed"] += len(found)
        self.under_way += found
        most = self.random.randint(0, 4) if answered else 0
        settled, self.under_way = self.under_way[:most], self.under_way[most:]
        for row in settled:
            self.answer(row, self.random.choice(OUTCOMES))

    def answer(self, row: Claimed, outcome: MessageState) -> None:
        """QUEUED: the carrier refused for now, which sends nothing."""
        code = "" if outcome == S.ACCEPTED else "ESME_RSYSERR"
        settled = dispatch.Settled(row.id, row.attempt, outcome, code, (f"x{row.id}",), refusals=row.refusals)
        with transaction.atomic():
            dispatch.settle(self.owner, [settled])
        if Message.objects.filter(pk=row.id, state=S.QUEUED).update(not_before=None):
            self.taken[row.number] -= 1
        self.world.came[outcome.key] += 1

    def its_time_comes(self) -> None:
        SendJob.objects.filter(status=JobStatus.SCHEDULED).update(scheduled_at=timezone.now())
        self.world.came["begun"] += due.start_due_jobs()

    def the_gateway_dies(self) -> None:
        self.send(answered=False)
        dispatch.end_lease(self.owner)
        dispatch.reap()
        self.under_way, self.owner = [], dispatch.take_lease()

    def sweep(self) -> None:
        due.withhold_late()
        dispatch.finish_jobs()
        dispatch.withhold_all()
        counts.fold()

    # What always holds

    def check(self) -> None:
        assert max(self.taken.values(), default=0) <= 1, f"sent twice: {self.taken}"
        job = self.job
        assert counts.verify(job) == {}
        files = list(job.files.counted())
        assert sum(counts.of_job(job).values()) == job.total == sum(file.total for file in job.files.all())
        assert [file.first for file in files] == [0, *(f.first + f.total for f in files)][: len(files)]
        if job.status in CONFIRMED:  # nor will any be
            sendable = Message.objects.of_job(job).filter(state=S.QUEUED, id__lt=job.release_end)
            again = Counter(sendable.values_list("number", flat=True)) + +self.taken
            assert max(again.values(), default=0) <= 1, f"may be sent twice: {again}"


@pytest.fixture
def world(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("console.lib.queue.hint", lambda _task, **_ids: None)  # read and swept here
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE sending_message")  # no model's table, so tests that commit leave theirs behind
    return World()


def test_no_sequence_of_deeds_sends_to_a_number_twice(world: World) -> None:
    for seed in range(SEQUENCES):
        sequence = Sequence(world, seed)
        try:
            sequence.run()
        except AssertionError as failure:
            pytest.fail(f"sequence {seed}: {failure}\n" + "\n".join(sequence.steps))
    # Not because nothing ever came so far.
    came = world.came
    assert came["claimed"] >= 25 and came["more"] >= 3 and came["reread"] >= 3 and came["left out"] >= 3, came


def test_what_was_left_out_is_not_released_with_what_comes_behind_it(world: World) -> None:
    """Its rows are queued until a sweep, and below the mark up to which rows may be claimed."""
    for seed in range(4):
        Sequence(world, seed).run(["let_go", "bring", "leave_out", "bring", "let_go", "send", "send"])
    assert world.came["left out"] >= 2 and world.came["added"] >= 6, world.came
