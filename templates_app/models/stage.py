"""Where a signature stands in all: review, channel number, sleep (product reference, 3.5)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Stage(models.TextChoices):
    """Where a signature stands in all, as the field's API calls it (product reference, 3.5), and our own before it."""

    DRAFT = "DRAFT", _("Draft")
    PENDING_REVIEW = "PENDING_REVIEW", _("In review")
    RETURNED = "RETURNED", _("Question asked")
    PENDING_QUALIFICATION_REVIEW = "PENDING_QUALIFICATION_REVIEW", _("Waits for its qualification")
    PROCESSING = "PROCESSING", _("Approved, gets its channel number")
    REAL_NAME_REGISTRATING = "REAL_NAME_REGISTRATING", _("Approved, being registered with the carriers")
    REGISTRATION_FAILED = "REGISTRATION_FAILED", _("Approved, registration failed")
    REVIEW_PROCESSING_COMPLETED = "REVIEW_PROCESSING_COMPLETED", _("Approved, usable")
    REVIEW_PASSED = "REVIEW_PASSED", _("Usable, qualification missing")
    REVIEW_PASSED_QUALIFICATION_PROCESSING = (
        "REVIEW_PASSED_QUALIFICATION_PROCESSING",
        _("Usable, qualification in review"),
    )
    REVIEW_PASSED_REAL_NAME_REGISTRATING = (
        "REVIEW_PASSED_REAL_NAME_REGISTRATING",
        _("Usable, being registered with the carriers"),
    )
    REVIEW_PASSED_REAL_NAME_REGISTRATE_FAIL = (
        "REVIEW_PASSED_REAL_NAME_REGISTRATE_FAIL",
        _("Usable, registration failed"),
    )
    REVIEW_NOT_PASS = "REVIEW_NOT_PASS", _("Rejected")
    TO_BE_ACTIVATED = "TO_BE_ACTIVATED", _("To be activated")
    PENDING_ACTIVATE = "PENDING_ACTIVATE", _("Activation in review")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")
    DISABLED = "DISABLED", _("Disabled")
    INACTIVE = "INACTIVE", _("Deactivated")


class StageGroup(models.TextChoices):
    """What people look for in a list of signatures; each signature is in exactly one (`in_group`)."""

    IN_REVIEW = "in_review", _("In review")
    USABLE = "usable", _("Usable")
    PROCESSING = "processing", _("Approved, not usable yet")
    ASLEEP = "asleep", _("To be activated")
    REJECTED = "rejected", _("Rejected")
    ENDED = "ended", _("Withdrawn or disabled")


GROUPS: dict[StageGroup, frozenset[Stage]] = {
    StageGroup.IN_REVIEW: frozenset(
        {Stage.DRAFT, Stage.PENDING_REVIEW, Stage.RETURNED, Stage.PENDING_QUALIFICATION_REVIEW}
    ),
    StageGroup.USABLE: frozenset(
        {
            Stage.REVIEW_PROCESSING_COMPLETED,
            Stage.REVIEW_PASSED,
            Stage.REVIEW_PASSED_QUALIFICATION_PROCESSING,
            Stage.REVIEW_PASSED_REAL_NAME_REGISTRATING,
            Stage.REVIEW_PASSED_REAL_NAME_REGISTRATE_FAIL,
        }
    ),
    StageGroup.PROCESSING: frozenset({Stage.PROCESSING, Stage.REAL_NAME_REGISTRATING, Stage.REGISTRATION_FAILED}),
    StageGroup.ASLEEP: frozenset({Stage.TO_BE_ACTIVATED, Stage.PENDING_ACTIVATE}),
    StageGroup.REJECTED: frozenset({Stage.REVIEW_NOT_PASS}),
    StageGroup.ENDED: frozenset({Stage.WITHDRAWN, Stage.DISABLED, Stage.INACTIVE}),
}
USABLE = GROUPS[StageGroup.USABLE]


def group_of(stage: Stage) -> StageGroup:
    return next(group for group, stages in GROUPS.items() if stage in stages)
