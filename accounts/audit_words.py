"""What the record's verbs mean, in the reader's language. A verb is the kind of thing, a dot, and what happened to it.

Every verb that is recorded anywhere has its words here (a test reads the source); rooms above use verbs of their own,
so the words stand here as text, without their models.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

# Kinds of things as one reads them in the column "Object"; a verb's first part is the key.
KINDS: dict[str, Promise] = {
    "agreement": _("Service agreement"),
    "application": _("Application"),
    "audit": _("Audit"),
    "blocklist": _("Blocklist"),
    "calendarday": _("Day of the calendar"),
    "contact": _("Contact"),
    "document": _("Document"),
    "enterprise": _("Enterprise"),
    "invitation": _("Invitation"),
    "job": _("Job"),
    "managernumber": _("Number of a responsible person"),
    "ownnumber": _("Own number"),
    "ownership": _("Ownership"),
    "qualification": _("Qualification"),
    "recipientlist": _("Recipient list"),
    "request": _("Request"),
    "reviewdesk": _("Reviewers’ desk"),
    "signature": _("Signature"),
    "signatureactivation": _("Activation of a signature"),
    "staff": _("Platform staff"),
    "templateimport": _("Import of templates"),
    "templateversion": _("Template"),
    "user": _("Person"),
    "verification": _("Real-name verification"),
    "wordlist": _("Word list"),
}
# What is reviewed moves through the same states, whatever it is.
REVIEWED = ("qualification", "request", "signature", "signatureactivation", "templateversion", "verification")
REVIEW_WORDS: dict[str, Promise] = {
    "answered": _("Question about %(kind)s answered"),
    "draft": _("%(kind)s taken back to a draft"),
    "first_approved": _("%(kind)s approved by the first of two"),
    "inactive": _("%(kind)s deactivated by the platform"),
    "removed": _("%(kind)s deleted"),
    "returned": _("Question asked about %(kind)s"),
    "urged": _("Review of %(kind)s urged"),
    "waiting": _("%(kind)s sent in, waits for another"),
    "in_review": _("%(kind)s sent in for review"),
    "approved": _("%(kind)s approved"),
    "rejected": _("%(kind)s rejected"),
    "withdrawn": _("%(kind)s withdrawn"),
    "disabled": _("%(kind)s disabled"),
}
WORDS: dict[str, Promise] = {
    "agreement.accepted": _("Service agreement accepted"),
    "agreement.published": _("Service agreement published"),
    "agreement.saved": _("Service agreement edited"),
    "application.changed": _("Application changed"),
    "application.created": _("Application created"),
    "application.launched": _("Application resumed"),
    "application.old_secret_ended": _("Old application secret ended"),
    "application.processing": _("Application waits for resources"),
    "application.push_secret_shown": _("Push secret shown"),
    "application.secret_rotated": _("Application secret replaced"),
    "application.secret_shown": _("Application secret shown"),
    "application.signing_off": _("Signing of calls switched off"),
    "application.signing_on": _("Signing of calls switched on"),
    "application.suspended": _("Application suspended"),
    "application.trial_kit_added": _("Test signature and template added"),
    "audit.exported": _("Audit exported"),
    "calendarday.cleared": _("Day of the calendar left to the public holidays"),
    "calendarday.set": _("Day of the calendar set"),
    "contact.added": _("Contact added"),
    "contact.changed": _("Contact changed"),
    "contact.removed": _("Contact removed"),
    "document.discarded": _("Document that was not sent in deleted"),
    "document.stored": _("Document uploaded"),
    "document.viewed": _("Document opened"),
    "enterprise.active": _("Enterprise restored"),
    "enterprise.changed": _("Enterprise’s facts changed"),
    "enterprise.closed": _("Enterprise closed"),
    "enterprise.joined": _("Enterprise joined"),
    "enterprise.limit_raised": _("Limit raised"),
    "enterprise.mode_chosen": _("Service mode chosen"),
    "enterprise.second_factor_required": _("Rule on two-factor sign-in changed"),
    "enterprise.service_number_set": _("Service number set"),
    "enterprise.suspended": _("Enterprise suspended"),
    "enterprise.verified": _("Enterprise’s facts verified"),
    "invitation.accepted": _("Invitation accepted"),
    "invitation.resent": _("Invitation sent again"),
    "invitation.sent": _("Invitation sent"),
    "invitation.withdrawn": _("Invitation withdrawn"),
    "blocklist.added": _("Number put on the blocklist"),
    "blocklist.removed": _("Number taken off the blocklist"),
    "job.cancelled": _("Job cancelled"),
    "job.checked": _("Job checked"),
    "job.columns_changed": _("Columns of a job’s file changed"),
    "job.done": _("Job done"),
    "job.export_downloaded": _("Export of a job downloaded"),
    "job.exported": _("Rows of a job exported"),
    "job.file_added": _("Further file added to a job"),
    "job.file_checked": _("Further file of a job checked"),
    "job.file_left_out": _("File of a job left out"),
    "job.held": _("Job held back at its time"),
    "job.list_exported": _("List of jobs exported"),
    "job.message_read": _("Text of a message read"),
    "job.more_confirmed": _("Rows of a further file confirmed"),
    "job.paused": _("Job paused"),
    "job.refused_exported": _("Refused rows of a job downloaded"),
    "job.rescheduled": _("Time of a job changed"),
    "job.scheduled": _("Job scheduled"),
    "job.sending": _("Job started or resumed"),
    "job.speed_limited": _("Speed limit of a job changed"),
    "job.stopped": _("Job stopped"),
    "job.tested": _("Test message of a job sent"),
    "job.unreadable": _("File of a job could not be read"),
    "job.uploaded": _("File of a job uploaded"),
    "managernumber.code_sent": _("Code sent to a responsible person"),
    "managernumber.proved": _("Number of a responsible person proved"),
    "ownership.transferred": _("Ownership transferred"),
    "ownnumber.added": _("Own number added"),
    "ownnumber.code_sent": _("Code sent to an own number"),
    "ownnumber.removed": _("Own number removed"),
    "ownnumber.verified": _("Own number verified"),
    "recipientlist.removed": _("Recipient list deleted"),
    "recipientlist.saved": _("Recipient list saved"),
    "reviewdesk.changed": _("Reviewers’ desk changed"),
    "reviewdesk.year_known": _("All official days of a year set by hand"),
    "reviewdesk.year_unknown": _("Official days of a year not all set after all"),
    "signature.dormant": _("Signature fell asleep"),
    "signature.registration": _("Channel number or registration of a signature changed"),
    "signature.supplemented": _("Qualification of a signature added"),
    "staff.removed": _("Person of the staff removed"),
    "staff.role_changed": _("Role of a person of the staff changed"),
    "templateimport.confirmed": _("Templates imported from a file"),
    "templateversion.discarded": _("Draft of a template discarded"),
    "templateversion.renamed": _("Template renamed"),
    "templateversion.saved": _("Template saved"),
    "user.address_confirmed": _("E-mail address confirmed"),
    "user.changed": _("Own account changed"),
    "user.password_changed": _("Password changed"),
    "user.recovery_codes_made": _("Recovery codes made"),
    "user.recovery_codes_shown": _("Recovery codes shown"),
    "user.removed": _("Person removed"),
    "user.role_changed": _("Role of a person changed"),
    "user.second_factor_added": _("Second factor added"),
    "user.second_factor_removed": _("Second factor removed"),
    "user.second_factor_reset": _("Second factor of a person reset"),
    "user.security_key_renamed": _("Security key renamed"),
    "user.session_ended": _("Session ended"),
    "user.sign_in_failed": _("Sign-in failed"),
    "user.signed_in": _("Signed in"),
    "user.signed_out": _("Signed out"),
    "wordlist.added": _("Word list added"),
    "wordlist.changed": _("Word list changed"),
    "wordlist.removed": _("Word list deleted"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """A choice of the list's filter: deeds on these kinds of things."""

    title: Promise
    kinds: tuple[str, ...]


GROUPS: dict[str, Group] = {
    "people": Group(_("Sign-in and people"), ("user", "invitation", "ownership", "staff")),
    "enterprise": Group(
        _("Enterprise and its facts"),
        (
            "enterprise",
            "verification",
            "agreement",
            "document",
            "contact",
            "request",
            "ownnumber",
            "qualification",
            "managernumber",
        ),
    ),
    "applications": Group(_("Applications and keys"), ("application",)),
    "texts": Group(
        _("Signatures and templates"),
        ("signature", "signatureactivation", "templateversion", "templateimport", "wordlist"),
    ),
    "desk": Group(_("Reviewers’ desk"), ("reviewdesk", "calendarday")),
    "jobs": Group(_("Jobs"), ("job", "recipientlist", "blocklist")),
    "audit": Group(_("Audit"), ("audit",)),
}

# Figures as `detail` names them, and fields whose own names say less; "kind.name" where it means something else there.
# Other fields are called as their models call them.
FIELDS: dict[str, Promise] = {
    "agreement.number": _("Version"),
    "allowed_networks": _("IP allowlist"),
    "reviewdesk.second_pair": _("Approved by two"),
    "by_platform": _("By the platform"),
    "answer": _("Answer"),
    "bytes": _("Size in bytes"),
    "email": _("E-mail"),
    "exception": _("Why not on a workday"),
    "file": _("File"),
    "filter": _("Filter"),
    "format": _("Format"),
    "late": _("Minutes late"),
    "name": _("Name"),
    "overlap_hours": _("Hours in which both are valid"),
    "push_key": _("Push key"),
    "reason": _("Reason"),
    "reason_code": _("Listed reason"),
    "reason_zh": _("Reason in Chinese"),
    "region": _("Region"),
    "report_address": _("Address for status reports"),
    "request": _("Request"),
    "required": _("Required"),
    "role": _("Role"),
    "signs_callbacks": _("Calls are signed"),
    "state": _("State"),
    "template": _("Template"),
    "uplink_address": _("Address for replies"),
    "uplink_time": _("Replies carry their time"),
    "valid_until": _("Valid until"),
    "words": _("Words"),
}


def has_words(verb: str) -> bool:
    kind, _dot, did = verb.partition(".")
    return verb in WORDS or (kind in REVIEWED and did in REVIEW_WORDS)


def sentence(verb: str) -> str:
    """What was done: "Job stopped". A verb without words is its own."""
    kind, _dot, did = verb.partition(".")
    if verb in WORDS:
        return str(WORDS[verb])
    if kind in REVIEWED and did in REVIEW_WORDS:
        return str(REVIEW_WORDS[did]) % {"kind": KINDS[kind]}
    return verb


def kind(verb: str) -> str:
    """What it was done to: "Job"."""
    key = verb.partition(".")[0]
    return str(KINDS.get(key, key))


def field(verb: str, name: str) -> str:
    """What a field or figure is called: by this list, else by the model of the verb's kind, else by its own name."""
    kind = verb.partition(".")[0]
    if words := FIELDS.get(f"{kind}.{name}") or FIELDS.get(name):
        return str(words)
    model = _models().get(kind)
    try:
        called = model._meta.get_field(name.removesuffix("_id")) if model else None
    except FieldDoesNotExist:
        called = None
    return capfirst(str(getattr(called, "verbose_name", "") or name.replace("_", " ")))


@cache
def _models() -> dict[str, type[Model]]:
    return {model._meta.model_name or "": model for model in apps.get_models()}
