"""Whose messages go next: verification codes before all else, then fairly between enterprises, notifications ahead.

Start-time fair queueing: each (enterprise, priority) has a clock that runs with what it was served, slower for heavier
classes; who is furthest behind is next. A newcomer starts at the present time, so it cannot claim the past.
"""

from __future__ import annotations

from collections.abc import Iterable

from sending.dispatch import Waiting

URGENT = 0
# Notifications get four times the share of promotions while both wait.
WEIGHTS = {0: 1.0, 1: 4.0, 2: 1.0}


class Choice:
    """Jobs with something to send, and what their enterprises were served lately. Remembers where each job stands."""

    def __init__(self) -> None:
        self._jobs: dict[int, Waiting] = {}
        self._resting: set[int] = set()
        self._clock: dict[tuple[int, int], float] = {}
        self._now = 0.0
        self._last_id: dict[int, int] = {}

    def update(self, jobs: Iterable[Waiting]) -> None:
        """The jobs that are sending now; those that had nothing to claim are tried again."""
        self._jobs = {job.id: job for job in jobs}
        self._resting.clear()
        flows = {(job.enterprise_id, job.priority) for job in self._jobs.values()}
        self._clock = {flow: max(self._clock.get(flow, self._now), 0.0) for flow in flows}
        self._last_id = {pk: last for pk, last in self._last_id.items() if pk in self._jobs}

    def pick(self, region: str) -> Waiting | None:
        """The job to claim from next, for a carrier that serves `region` ("" for all)."""
        awake = [j for j in self._jobs.values() if j.id not in self._resting and region in ("", j.region)]
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

    def nothing_left(self, job: Waiting) -> bool:
        """A claim came back empty. True: look once more from the beginning (rows may have come back to the queue)."""
        if self._last_id.pop(job.id, None) is not None:
            return True
        self._resting.add(job.id)
        return False
