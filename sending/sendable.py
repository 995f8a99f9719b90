"""Whether what a job relies on still holds: asked when it is confirmed, resumed, and started by the clock."""

from django.utils.translation import gettext_lazy as _

from accounts import modes
from accounts.models.application import ApplicationState
from accounts.models.enterprise import EnterpriseState
from console.lib.errors import NotAllowed
from sending import trial
from sending.models import SendJob
from sending.states import JobStatus


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
    if fresh.version.has_ended or (fresh.signature is not None and fresh.signature.has_ended):
        raise NotAllowed(_("The month of the test template is over. Make a new job with a template of your own."))
    if not fresh.version.is_sendable:
        raise NotAllowed(
            _("Version %(number)s of the template %(template)s is no longer approved. Make a new job from another one.")
            % {"number": fresh.version.number, "template": fresh.version.template}
        )
    if fresh.signature is not None and not fresh.signature.is_sendable:
        raise NotAllowed(
            _("The signature %(signature)s is no longer approved, so nothing is sent in its name.")
            % {"signature": fresh.signature}
        )


def obstacle(job: SendJob) -> str:
    """Why a job that is sending or paused stands still, in the reader's language; empty while nothing is in the way."""
    try:
        check_sendable(job)
        if job.status == JobStatus.PAUSED:  # what is sending was admitted
            trial.check(job)
    except NotAllowed as problem:
        return str(problem)
    return ""
