"""A file that a worker makes in the background: leased to one of them at a time, with its progress."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from console.lib.constraints import one_of


class MakingState(models.TextChoices):
    WAITING = "waiting", _("Being made")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


def path_of(made: MadeFile) -> str:
    """Where its present maker writes. Nothing of what people call their things reaches the disk, and what a dead maker
    has left is found by its id.
    """
    assert made.maker is not None
    return f"{made.enterprise_id}/{made.maker.hex}"


def made_path(made: MadeFile, filename: str) -> str:
    return path_of(made)


class MadeFile(models.Model):
    """What exports and saved lists have in common."""

    state = models.CharField(max_length=7, choices=MakingState, default=MakingState.WAITING)
    file = models.FileField(upload_to=made_path, max_length=120, blank=True)
    file_size = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)  # written so far, and in the end all
    rows_expected = models.PositiveIntegerField(default=0)
    # Who makes it now, and until when that counts.
    maker = models.UUIDField(null=True, editable=False)
    maker_until = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    enterprise_id: int

    class Meta:
        abstract = True
        constraints: ClassVar[list[Any]] = [
            one_of("state", MakingState, "%(class)s_state_known"),
            models.CheckConstraint(
                condition=~Q(state=MakingState.READY) | ~Q(file=""), name="%(class)s_ready_has_file"
            ),
        ]

    def settle(self, to: MakingState, **fields: Any) -> bool:
        """The only place where the state changes, and once: False where this maker has lost its lease."""
        mine = type(self)._default_manager.filter(pk=self.pk, state=MakingState.WAITING, maker=self.maker)
        if not mine.update(state=to, maker=None, maker_until=None, **fields):
            return False
        self.refresh_from_db()
        return True
