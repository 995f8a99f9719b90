"""States of a job and of a message, the moves between them, and a row's problems. Imports nothing of ours."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class JobStatus(models.TextChoices):
    UPLOADED = "uploaded", _("Checking")  # file stored, being read
    UNREADABLE = "unreadable", _("Unreadable")  # no sheet we can use; another file may be added
    CHECKED = "checked", _("Checked")  # read, problems known; waits for a person
    SCHEDULED = "scheduled", _("Scheduled")
    SENDING = "sending", _("Sending")
    PAUSED = "paused", _("Paused")
    DONE = "done", _("Done")  # everything handed over; reports may still come
    STOPPED = "stopped", _("Stopped")
    CANCELLED = "cancelled", _("Cancelled")


JOB_MOVES: dict[JobStatus, set[JobStatus]] = {
    JobStatus.UPLOADED: {JobStatus.CHECKED, JobStatus.UNREADABLE, JobStatus.CANCELLED},
    # A further file, or the same one read by other columns.
    JobStatus.UNREADABLE: {JobStatus.UPLOADED, JobStatus.CANCELLED},
    # Back to unreadable where the file that could be read is left out.
    JobStatus.CHECKED: {
        JobStatus.UPLOADED, JobStatus.UNREADABLE, JobStatus.SCHEDULED, JobStatus.SENDING, JobStatus.CANCELLED
    },
    JobStatus.SCHEDULED: {JobStatus.SENDING, JobStatus.CANCELLED},
    JobStatus.SENDING: {JobStatus.PAUSED, JobStatus.STOPPED, JobStatus.DONE},
    JobStatus.PAUSED: {JobStatus.SENDING, JobStatus.STOPPED},
    JobStatus.DONE: {JobStatus.SENDING},  # rows of a further file were confirmed
    JobStatus.STOPPED: set(),
    JobStatus.CANCELLED: set(),
}  # fmt: skip
# Nothing of these was confirmed yet.
UNCONFIRMED = frozenset({JobStatus.UPLOADED, JobStatus.UNREADABLE, JobStatus.CHECKED})
# Jobs that take further files after their confirmation.
CONFIRMED = frozenset({JobStatus.SCHEDULED, JobStatus.SENDING, JobStatus.PAUSED, JobStatus.DONE})
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
    # Back to QUEUED only when the carrier's refusal was definite and worth another try, or nothing was written; SKIPPED
    # in the very transaction of the claim, for numbers on the blocklist.
    S.SUBMITTING: {S.ACCEPTED, S.REJECTED, S.UNKNOWN, S.QUEUED, S.SKIPPED},
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
# What may be sent again as a new, linked job.
RESENDABLE = {"failed": (S.FAILED, S.REJECTED, S.EXPIRED), "unknown": (S.UNKNOWN,)}
# States whose counts are kept per code, because people ask for the reason.
COUNTED_BY_CODE = (S.FAILED, S.REJECTED, S.SKIPPED, S.INVALID)


class Problem(models.TextChoices):
    """Why a row was refused when the file was checked. The code of an INVALID message."""

    MISSING = "missing", _("No number")
    TOO_SHORT = "too_short", _("Number too short")
    TOO_LONG = "too_long", _("Number too long")
    LETTERS = "letters", _("Not a number")
    FIXED_LINE = "fixed_line", _("Fixed line")
    IOT = "iot", _("Number of an IoT card")
    NOT_MOBILE = "not_mobile", _("Not a mobile number")
    DIGITS_LOST = "digits_lost", _("Digits lost by the spreadsheet")
    ERROR_CELL = "error_cell", _("A cell holds an error of the spreadsheet")
    COUNTRY = "country", _("Country not allowed for this application")
    COUNTRY_NOT_IN_TEMPLATE = "country_not_in_template", _("Country not among those of the template")
    VALUE_MISSING = "value_missing", _("A variable has no value")
    VALUE_TOO_LONG = "value_too_long", _("A value is too long")
    VALUE_KIND = "value_kind", _("A value does not fit its variable")
    VALUE_FORBIDDEN = "value_forbidden", _("A value has forbidden characters")
    DUPLICATE = "duplicate", _("Number already in an earlier row")
    HIDDEN = "hidden", _("Hidden row")
    BLOCKLISTED = "blocklisted", _("On the blocklist")
    OPTED_OUT = "opted_out", _("Has refused messages")
    SUPERSEDED = "superseded", _("Corrected in a later file")


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
    LEFT_OUT = "left_out", _("Its file was left out")
    BLOCKLISTED = "blocklisted", _("On the blocklist")
    OPTED_OUT = "opted_out", _("Has refused messages")


class FileState(models.TextChoices):
    """Of one file of a job."""

    READING = "reading", _("Checking")
    UNREADABLE = "unreadable", _("Unreadable")
    CHECKED = "checked", _("Waits for confirmation")
    CONFIRMED = "confirmed", _("Confirmed")
    LEFT_OUT = "left_out", _("Left out")


FILE_MOVES: dict[FileState, set[FileState]] = {
    FileState.READING: {FileState.CHECKED, FileState.UNREADABLE, FileState.LEFT_OUT},
    FileState.UNREADABLE: {FileState.READING, FileState.LEFT_OUT},  # by other columns, or of another sheet
    FileState.CHECKED: {FileState.READING, FileState.CONFIRMED, FileState.LEFT_OUT},
    FileState.CONFIRMED: set(),
    FileState.LEFT_OUT: set(),
}


class Source(models.TextChoices):
    """Where the recipients of a file come from."""

    FILE = "file", _("Spreadsheet")
    TYPED = "typed", _("Typed numbers")
    LIST = "list", _("Saved list")
    RESEND = "resend", _("Rows of an earlier job")


class LatePolicy(models.TextChoices):
    """What becomes of a scheduled job that the system starts too late."""

    SEND = "send", _("Send all the same")
    ASK = "ask", _("Hold it and ask me")
    DROP = "drop", _("Do not send")


class BlockSource(models.TextChoices):
    """Where an entry comes from. A reply is a refusal of the person's own."""

    REPLY = "reply", _("Reply")
    COMPLAINT = "complaint", _("Complaint")
    REGULATOR = "regulator", _("Regulator or do-not-contact list")
    CARRIER = "carrier", _("Carrier")
    IMPORT = "import", _("Import")
    HAND = "hand", _("By hand")
