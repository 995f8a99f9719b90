"""What each stage of a signature means for those who want to send under it."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from templates_app.models.stage import Stage

# Whether it can be used in templates and jobs, and why or what comes next; one sentence or two after "Yes." or "No.".
MEANING: dict[Stage, str | Promise] = {
    Stage.DRAFT: _("It was never sent in."),
    Stage.PENDING_REVIEW: _("Reviewers decide on it. Templates may be sent in with it already; they wait for it."),
    Stage.RETURNED: _("The reviewer has a question. It goes on when that is answered."),
    Stage.PENDING_QUALIFICATION_REVIEW: _("It goes to the reviewers by itself once its qualification is approved."),
    Stage.PROCESSING: _("It is approved and now gets its channel number from the platform."),
    Stage.REAL_NAME_REGISTRATING: _("It is approved; the carriers are registering its channel number."),
    Stage.REGISTRATION_FAILED: _("It is approved, but the carriers have not registered it. See the reason."),
    Stage.REVIEW_PROCESSING_COMPLETED: _("It is approved and registered with the carriers."),
    Stage.REVIEW_PASSED: _("It is approved from before. Carriers may refuse messages until a qualification is added."),
    Stage.REVIEW_PASSED_QUALIFICATION_PROCESSING: _(
        "It is approved from before. Carriers may refuse messages while its qualification is in review."
    ),
    Stage.REVIEW_PASSED_REAL_NAME_REGISTRATING: _(
        "It is approved from before. Carriers may refuse messages until they have registered it."
    ),
    Stage.REVIEW_PASSED_REAL_NAME_REGISTRATE_FAIL: _(
        "It is approved from before. Carriers may refuse messages, because they have not registered it."
    ),
    Stage.REVIEW_NOT_PASS: _("It was rejected. Change it and send it in again."),
    Stage.TO_BE_ACTIVATED: _("Nothing was sent under it for long. Ask for its activation."),
    Stage.PENDING_ACTIVATE: _("Reviewers decide on its activation."),
    Stage.WITHDRAWN: _("It was taken out of review. Change it and send it in again."),
    Stage.DISABLED: _("It was deleted, or its time is over. Add another one."),
    Stage.INACTIVE: _("The platform has deactivated it for good. Add another one."),
}
