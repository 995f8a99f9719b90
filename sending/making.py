"""Files made in the background: exports and saved lists.

A maker holds a lease on the row, counted by the database's clock; it writes under a name of its own, and the row names
the file only when it is whole. Two at once make one file; when one dies, the sweeper asks again, and the next maker
clears away what it left. After some attempts we give up.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import BinaryIO, TypeVar

import structlog
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from console.lib import failpoints
from console.lib.queue import hint
from sending.models import MakingState
from sending.models.background import MadeFile, path_of

LEASE = timedelta(seconds=20)
RENEW_SECONDS = 1.0
ATTEMPTS = 3
# A hint that has not led to a maker by then was lost.
UNMADE = timedelta(seconds=5)

log = structlog.get_logger(__name__)
Made = TypeVar("Made", bound=MadeFile)


class LeaseLost(Exception):
    """Somebody else makes the file now, or it is not wanted any more. Not an error: what we wrote is deleted."""


class Keeper(threading.Thread):
    """Keeps the lease and writes down how many `rows` are done, on a connection of its own, each second."""

    def __init__(self, made: MadeFile) -> None:
        super().__init__(name=f"making-{made.pk}", daemon=True)
        self.rows = 0
        self._made = made
        self._stopped = threading.Event()
        self._lost: Exception | None = None

    def run(self) -> None:
        try:
            while not self._stopped.wait(RENEW_SECONDS):
                mine = type(self._made)._default_manager.filter(pk=self._made.pk, maker=self._made.maker)
                if not mine.update(maker_until=Now() + LEASE, rows=self.rows):
                    raise LeaseLost
        except Exception as error:  # raised where the file is written, by `check`
            self._lost = error
        finally:
            connection.close()

    def check(self) -> None:
        """Raises what ended the keeping early, such as LeaseLost."""
        if self._lost:
            raise self._lost

    def stop(self) -> None:
        self._stopped.set()
        self.join()


Write = Callable[[Made, BinaryIO, Keeper], None]


def make(files: QuerySet[Made], pk: int, *, write: Write[Made], told: Callable[[Made], None]) -> None:
    """Make the file of row `pk`: `write` fills it, counting in the keeper's `rows`. Harmless to call at any time.

    Does nothing when it is made already or somebody else makes it. `told` is called in the transaction that settles it,
    also when we give up. Errors are raised; the row is free again when the lease has run out.
    """
    made = _take(files, pk, told)
    if made is None:
        return
    name = path_of(made)
    try:
        with _kept(made) as keeper:
            storage = made.file.storage
            storage.save(name, ContentFile(b""))  # for its folder and the rights on it
            with open(storage.path(name), "wb") as file:
                write(made, file, keeper)
            keeper.stop()
            keeper.check()
            made.rows, made.file_size = keeper.rows, storage.size(name)
        failpoints.reach("file_made")
        _settle(made, name, told)
    except LeaseLost:
        _clear(made)
        log.info("making_ended", kind=type(made).__name__, pk=pk)
    except BaseException:
        _clear(made)
        raise


def _take(files: QuerySet[Made], pk: int, told: Callable[[Made], None]) -> Made | None:
    """The row, leased; None when it is not free. Gives up on one that was tried too often."""
    before = files.filter(pk=pk).first()
    if before is None or before.state != MakingState.WAITING:
        return None
    free = files.filter(Q(maker__isnull=True) | Q(maker_until__lt=Now()), pk=pk, state=MakingState.WAITING)
    lease = {"maker": uuid.uuid4(), "maker_until": Now() + LEASE}
    if free.filter(attempts__lt=ATTEMPTS).update(**lease, rows=0, attempts=F("attempts") + 1):
        _clear(before)
        return files.get(pk=pk)
    if free.filter(attempts__gte=ATTEMPTS).update(**lease):
        _clear(before)
        made = files.get(pk=pk)
        log.error("making_given_up", kind=type(made).__name__, pk=pk)
        with transaction.atomic():
            if made.settle(MakingState.FAILED):
                told(made)
    return None


def _settle(made: Made, name: str, told: Callable[[Made], None]) -> None:
    """Raises LeaseLost."""
    facts = {"file": name, "rows": made.rows, "file_size": made.file_size, "made_at": timezone.now()}
    with transaction.atomic():
        if not made.settle(MakingState.READY, **facts):
            raise LeaseLost
        told(made)
    log.info("made", kind=type(made).__name__, pk=made.pk, rows=made.rows, bytes=made.file_size)


def _clear(made: MadeFile) -> None:
    """Delete what the maker of `made` wrote."""
    if made.maker is not None:
        with contextlib.suppress(OSError):
            made.file.storage.delete(path_of(made))


@contextmanager
def _kept(made: MadeFile) -> Iterator[Keeper]:
    keeper = Keeper(made)
    keeper.start()
    try:
        yield keeper
    finally:
        keeper.stop()


def ask_again(files: QuerySet[Made], task: str) -> int:
    """Rows that nobody makes, or whose maker died, are asked for again; how many."""
    lost = files.filter(
        Q(maker__isnull=True) | Q(maker_until__lt=Now()),
        state=MakingState.WAITING,
        created_at__lt=timezone.now() - UNMADE,
    ).values_list("pk", flat=True)
    for pk in lost:
        hint(task, pk=pk)
    return len(lost)
