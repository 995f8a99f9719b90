"""Whether people got this file with this template before: said before a job is confirmed, refused by nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from sending.models import FileState, JobFile, SendJob

MOST = 3


@dataclass(frozen=True, slots=True)
class Alike:
    """An earlier job with the same file and template, when the file was confirmed there, and by whom."""

    job: SendJob
    file_name: str
    at: datetime | None
    by: User | None


def of(job: SendJob) -> list[Alike]:
    """The newest confirmed jobs of the enterprise that have a file of `job`, byte by byte, and any version of its
    template; at most MOST.
    """
    digests = [file.digest for file in job.files.exclude(state=FileState.LEFT_OUT) if file.digest]
    same = JobFile.objects.filter(
        digest__in=digests,
        state=FileState.CONFIRMED,
        job__enterprise=job.enterprise_id,
        job__version__template=job.version.template_id,
    ).exclude(job=job.pk)
    found: dict[int, Alike] = {}
    for file in same.select_related("job", "settled_by").order_by("-settled_at", "-id")[: MOST * 2]:
        found.setdefault(file.job_id, Alike(file.job, file.file_name, file.settled_at, file.settled_by))
    return list(found.values())[:MOST]
