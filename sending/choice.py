"""Whose messages go next: verification codes before all else, then fairly between enterprises, notifications ahead.

Start-time fair queueing: each (enterprise, priority) has a clock that runs with what it was served, slower for heavier
classes; who is furthest behind is next. A newcomer starts at the present time, so it cannot claim the past.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from sending.dispatch import Waiting
from sending.quiet import LEAD

URGENT = 0
# Notifications get four times the share of promotions while both wait.
WEIGHTS = {0: 1.0, 1: 4.0, 2: 1.0}
# Rows that one claim looks at where only some countries are open: a million closed ones must not stand before others.
LOOK_AT = 50_000
LOOK_ON_SECONDS = 0.05
# After everything of such a job was looked at, unless other countries open before.
LOOKED_THROUGH_SECONDS = 20.0


class Choice:
    """Jobs with something to send, and what their enterprises were served lately. Remembers where each job stands."""

    def __init__(self) -> None:
        self._jobs: dict[int, Waiting] = {}
        self._updated = 0.0
        self._resting: dict[int, float] = {}  # until when, by the monotonic clock
        self._clock: dict[tuple[int, int], float] = {}
        self._now = 0.0
        self._last_id: dict[int, int] = {}
        self._found: set[int] = set()  # jobs of which something was claimed since they were begun from the start

    def update(self, jobs: Iterable[Waiting]) -> None:
        """The jobs that are sending now; those that had nothing to claim are tried again."""
        before, self._updated = self._jobs, time.monotonic()
        self._jobs = {job.id: job for job in jobs}
        looked_through = {job.id for job in self._jobs.values() if job.partly and job == before.get(job.id)}
        self._resting = {pk: until for pk, until in self._resting.items() if pk in looked_through}
        flows = {(job.enterprise_id, job.priority) for job in self._jobs.values()}
        self._clock = {flow: max(self._clock.get(flow, self._now), 0.0) for flow in flows}
        self._last_id = {pk: last for pk, last in self._last_id.items() if pk in self._jobs}
        self._found &= self._jobs.keys()

    def pick(self, region: str) -> Waiting | None:
        """The job to claim from next, for a carrier that serves `region` ("" for all)."""
        now = time.monotonic()
        day = now - self._updated < LEAD.total_seconds()  # what was known longer ago may have ended
        awake = [
            job
            for job in self._jobs.values()
            if self._resting.get(job.id, 0.0) <= now and region in ("", job.region) and (day or job.countries is None)
        ]
        if not awake:
            return None
        return min(awake, key=lambda j: (j.priority != URGENT, self._clock[j.enterprise_id, j.priority], j.id))

    def last_id(self, job: Waiting) -> int:
        """The last id claimed of a job; a claim that starts there does not wade through what has left the queue."""
        return self._last_id.get(job.id, job.first_id - 1)

    def served(self, job: Waiting, segments: int, last_id: int) -> None:
        flow = (job.enterprise_id, job.priority)
        before = self._clock.get(flow, self._now)
        self._now = max(self._now, before)
        self._clock[flow] = before + segments / WEIGHTS[job.priority]
        self._last_id[job.id] = last_id
        self._found.add(job.id)

    def nothing_left(self, job: Waiting) -> None:
        """A claim came back empty: look on, or once more from the beginning (rows may have come back to the queue)."""
        if job.partly and self.until_id(job) < job.end_id:
            self._last_id[job.id] = self.until_id(job)
            self.rest(job, LOOK_ON_SECONDS)
            return
        again = job.id in self._found
        self._found.discard(job.id)
        self._last_id.pop(job.id, None)
        if not again:
            self.rest(job, LOOKED_THROUGH_SECONDS)

    def until_id(self, job: Waiting) -> int:
        """The last id that a claim of a job with closed countries looks at."""
        return self.last_id(job) + LOOK_AT

    def rest(self, job: Waiting, seconds: float) -> None:
        """Others first: until then, or until the jobs are looked up anew, nothing is claimed of it."""
        self._resting[job.id] = time.monotonic() + seconds

    def wait(self, most: float) -> float:
        """Seconds until a resting job may be tried again, at most so many."""
        now = time.monotonic()
        return min([most, *(until - now for until in self._resting.values() if until > now)])
