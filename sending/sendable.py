"""Whether what a job relies on still holds: asked when it is confirmed, resumed, and started by the clock."""

from django.utils.translation import gettext_lazy as _

from accounts import modes
from accounts.models import ReviewState
from accounts.models.application import ApplicationState
from accounts.models.enterprise import EnterpriseState
from console.lib.errors import NotAllowed
from sending import trial
from sending.models import SendJob
from sending.states import JobStatus
from templates_app.models import Signature, TemplateVersion
from templates_app.models.signature import Dormancy, Registration


def check_sendable(job: SendJob) -> None:
    """Everything the job relies on must still hold; read afresh, for days may lie between check and deed."""
    fresh = SendJob.objects.select_related("enterprise", "application", "version__template", "signature").get(pk=job.pk)
    if fresh.enterprise.state != EnterpriseState.ACTIVE:
        raise NotAllowed(
            _("%(enterprise)s is suspended and sends nothing. Reason: %(reason)s")
            % {"enterprise": fresh.enterprise, "reason": fresh.enterprise.state_reason or fresh.enterprise.state}
        )
    modes.check_region(fresh.enterprise, fresh.application.region)
    if fresh.application.is_suspended:
        raise NotAllowed(
            _("The application %(application)s is suspended and sends nothing. Reason: %(reason)s")
            % {"application": fresh.application, "reason": fresh.application.suspended_reason}
        )
    if fresh.application.state != ApplicationState.LAUNCHED:
        raise NotAllowed(
            _("The application %(application)s is not launched yet and sends nothing.")
            % {"application": fresh.application}
        )
    if fresh.signature is None and fresh.application.is_mainland:
        raise NotAllowed(_("This job has no signature, and mainland messages need one. Make a new job with one."))
    if fresh.version.has_ended or (fresh.signature is not None and fresh.signature.has_ended):
        raise NotAllowed(_("The month of the test template is over. Make a new job with a template of your own."))
    if not fresh.version.is_sendable:
        raise NotAllowed(_version_fault(fresh.version))
    if fresh.signature is not None and not fresh.signature.is_sendable:
        raise NotAllowed(signature_fault(fresh.signature))


def _version_fault(version: TemplateVersion) -> str:
    named = {"number": version.number, "template": version.template, "reason": version.reason_words}
    if version.review_state == ReviewState.INACTIVE:
        words = _(
            "The platform has deactivated version %(number)s of the template %(template)s, for good. "
            "Reason: %(reason)s Make a new job from another one."
        )
    elif version.review_state == ReviewState.DISABLED:
        words = _("Version %(number)s of the template %(template)s is disabled. Make a new job from another one.")
    else:
        words = _(
            "Version %(number)s of the template %(template)s is no longer approved. Make a new job from another one."
        )
    return words % named


def signature_fault(signature: Signature) -> str:
    """Why nothing is sent under `signature` and what to do, in the reader's language; empty where something can be."""
    if signature.is_sendable:
        return ""
    if signature.has_ended:
        words = _("The month of the test signature %(signature)s is over. Use one of your own.")
    elif signature.review_state != ReviewState.APPROVED:
        words = _SIGNATURE_FAULTS.get(ReviewState(signature.review_state), _NOT_APPROVED)
    elif signature.dormancy == Dormancy.DORMANT:
        words = _("The signature %(signature)s was not used for long and sleeps. Activate it on its page.")
    else:
        words = _REGISTRATION_FAULTS[Registration(signature.registration)]
    return words % {
        "signature": signature,
        "reason": signature.reason_words,
        "registration": signature.registration_words,
    }


_NOT_APPROVED = _("The signature %(signature)s is not approved, so nothing is sent in its name.")
_SIGNATURE_FAULTS = {
    ReviewState.WAITING: _("The signature %(signature)s waits for its qualification to be approved."),
    ReviewState.IN_REVIEW: _("The signature %(signature)s is being reviewed."),
    ReviewState.RETURNED: _("The reviewers have a question about the signature %(signature)s. Answer it on its page."),
    ReviewState.DISABLED: _("The signature %(signature)s is disabled. Use another one."),
    ReviewState.INACTIVE: _(
        "The platform has deactivated the signature %(signature)s, for good. Reason: %(reason)s Use another one."
    ),
}
_REGISTRATION_FAULTS = {
    Registration.NONE: _(
        "The signature %(signature)s has no channel number yet. The platform gives it one; wait for its notice."
    ),
    Registration.REGISTERING: _(
        "The signature %(signature)s is still being registered with the carriers. Wait for the notice that it is done."
    ),
    Registration.FAILED: _(
        "The carriers did not register the signature %(signature)s, so nothing is sent in its name. "
        "Reason: %(registration)s"
    ),
}


def obstacle(job: SendJob) -> str:
    """Why a job that is sending or paused stands still, in the reader's language; empty while nothing is in the way."""
    try:
        check_sendable(job)
        if job.status == JobStatus.PAUSED:  # what is sending was admitted
            trial.check(job)
    except NotAllowed as problem:
        return str(problem)
    return ""
