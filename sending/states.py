"""States of a job and of a message, the moves between them, and a row's problems. Imports nothing of ours."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class JobStatus(models.TextChoices):
    UPLOADED = "uploaded", _("Checking")  # file stored, being read
    UNREADABLE = "unreadable", _("Unreadable")  # not a sheet we can use; final
    CHECKED = "checked", _("Checked")  # read, problems known; waits for a person
    SCHEDULED = "scheduled", _("Scheduled")
    SENDING = "sending", _("Sending")
    PAUSED = "paused", _("Paused")
    DONE = "done", _("Done")  # everything handed over; reports may still come
    STOPPED = "stopped", _("Stopped")
    CANCELLED = "cancelled", _("Cancelled")


JOB_MOVES: dict[JobStatus, set[JobStatus]] = {
    JobStatus.UPLOADED: {JobStatus.CHECKED, JobStatus.UNREADABLE, JobStatus.CANCELLED},
    JobStatus.UNREADABLE: set(),
    JobStatus.CHECKED: {JobStatus.SCHEDULED, JobStatus.SENDING, JobStatus.CANCELLED},
    JobStatus.SCHEDULED: {JobStatus.SENDING, JobStatus.CANCELLED},
    JobStatus.SENDING: {JobStatus.PAUSED, JobStatus.STOPPED, JobStatus.DONE},
    JobStatus.PAUSED: {JobStatus.SENDING, JobStatus.STOPPED},
    JobStatus.DONE: set(),
    JobStatus.STOPPED: set(),
    JobStatus.CANCELLED: set(),
}
# Jobs whose rows will never be sent any more, though some may still be queued.
WITHHELD = frozenset({JobStatus.STOPPED, JobStatus.CANCELLED})


class MessageState(models.IntegerChoices):
    """Stored as a small number, written in files and URLs by `key` ("queued", "submitting", …)."""

    QUEUED = 0, _("Queued")
    SUBMITTING = 1, _("Submitting")  # claimed, on its way to the carrier
    ACCEPTED = 2, _("Accepted")  # the carrier took it, no report yet
    DELIVERED = 3, _("Delivered")
    FAILED = 4, _("Failed")  # the report says it did not arrive
    EXPIRED = 5, _("Expired")  # no report within 72 hours
    REJECTED = 6, _("Rejected")  # the carrier refused it for good
    UNKNOWN = 7, _("Unknown")  # no definite answer; never sent again by itself
    SKIPPED = 8, _("Skipped")  # held back by a rule or a person, with the reason
    INVALID = 9, _("Invalid")  # refused when the file was checked

    @property
    def key(self) -> str:
        return self.name.lower()


S = MessageState
MESSAGE_MOVES: dict[MessageState, set[MessageState]] = {
    S.QUEUED: {S.SUBMITTING, S.SKIPPED},
    # Back to QUEUED only when the carrier's refusal was definite and worth another try, or nothing was written.
    S.SUBMITTING: {S.ACCEPTED, S.REJECTED, S.UNKNOWN, S.QUEUED},
    S.ACCEPTED: {S.DELIVERED, S.FAILED, S.EXPIRED},
    S.UNKNOWN: {S.ACCEPTED, S.DELIVERED, S.FAILED},
    S.EXPIRED: {S.DELIVERED, S.FAILED},
    S.DELIVERED: set(),
    S.FAILED: set(),
    S.REJECTED: set(),
    S.SKIPPED: set(),
    S.INVALID: set(),
}
ENDED_AT_CARRIER = (S.DELIVERED, S.FAILED, S.REJECTED, S.EXPIRED, S.UNKNOWN)
NEVER_SENT = (S.SKIPPED, S.INVALID)
STILL_TO_COME = (S.ACCEPTED, S.SUBMITTING, S.QUEUED)
# The order of strips and legends: what has ended, what was never sent, what is still to come.
STRIP_ORDER = ENDED_AT_CARRIER + NEVER_SENT + STILL_TO_COME
HANDED_OVER = (S.ACCEPTED, S.DELIVERED, S.FAILED, S.EXPIRED, S.REJECTED, S.UNKNOWN)
# States whose counts are kept per code, because people ask for the reason.
COUNTED_BY_CODE = (S.FAILED, S.REJECTED, S.SKIPPED, S.INVALID)


class Problem(models.TextChoices):
    """Why a row was refused when the file was checked. The code of an INVALID message."""

    MISSING = "missing", _("No number")
    TOO_SHORT = "too_short", _("Number too short")
    TOO_LONG = "too_long", _("Number too long")
    LETTERS = "letters", _("Not a number")
    NOT_MOBILE = "not_mobile", _("Not a mobile number")
    DIGITS_LOST = "digits_lost", _("Digits lost by the spreadsheet")
    COUNTRY = "country", _("Country not allowed for this application")
    COUNTRY_NOT_IN_TEMPLATE = "country_not_in_template", _("Country not among those of the template")
    VALUE_MISSING = "value_missing", _("A variable has no value")
    VALUE_TOO_LONG = "value_too_long", _("A value is too long")
    VALUE_KIND = "value_kind", _("A value does not fit its variable")
    VALUE_FORBIDDEN = "value_forbidden", _("A value has forbidden characters")
    DUPLICATE = "duplicate", _("Number already in an earlier row")
    HIDDEN = "hidden", _("Hidden row")


class Repair(models.IntegerChoices):
    """What was done to a number so that it could be used; a row's repairs are a sum of these bits."""

    SEPARATORS = 1, _("Spaces, hyphens or brackets removed")
    PREFIX = 2, _("Prefix 0086 or +86 removed")
    NUMBER_CELL = 4, _("Number cell read in full")
    FULL_WIDTH = 8, _("Full-width digits")
    DECIMAL = 16, _("Decimal part .0 removed")


class SkipReason(models.TextChoices):
    STOPPED = "stopped", _("Stopped by a person")
    EXPIRED = "expired", _("Its time had passed")
