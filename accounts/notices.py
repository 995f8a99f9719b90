"""Telling an enterprise what happened: into its inbox, and by mail and SMS to the people who want to know.

A notice keeps a code and facts, never words: each reader gets the sentence in their own language (`words`). Everything
is stored in the transaction of the deed that is told of.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.db.models.functions import Now
from django.utils import translation
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import outbox
from accounts.models import Contact, Enterprise, Notice, NoticeKind, OutgoingText, RequestKind, Role, User

# Whom a text would reach so often within an hour gets the rest by mail only.
TEXTS_AN_HOUR = 20
# Of a subject in a text: with signature and the sentence around it two segments, whatever the alphabet.
SUBJECT_IN_TEXT = 56


@dataclass(frozen=True, slots=True)
class Wording:
    """`subject` is one line and says what happened; `sentence` says it whole, with why and what to do."""

    subject: Promise
    sentence: Promise


@dataclass(frozen=True, slots=True)
class Words:
    subject: str
    sentence: str


WORDINGS: dict[str, Wording] = {
    "signature.approved": Wording(
        gettext_lazy("Signature %(name)s was approved"),
        gettext_lazy(
            "The signature %(name)s was approved and now gets its channel number. You are told when it can be used."
        ),
    ),
    "signature.rejected": Wording(
        gettext_lazy("Signature %(name)s was rejected"),
        gettext_lazy("The signature %(name)s was rejected. Change it and send it in again. Reason: %(reason)s"),
    ),
    "template.approved": Wording(
        gettext_lazy("Template %(name)s was approved"),
        gettext_lazy("Version %(number)s of the template %(name)s was approved. New jobs send it from now on."),
    ),
    "template.rejected": Wording(
        gettext_lazy("Template %(name)s was rejected"),
        gettext_lazy(
            "Version %(number)s of the template %(name)s was rejected. Change it and send it in again."
            " Reason: %(reason)s"
        ),
    ),
    "verification.approved": Wording(
        gettext_lazy("Your enterprise is verified"),
        gettext_lazy("%(name)s is verified. It may send to every number from now on."),
    ),
    "verification.rejected": Wording(
        gettext_lazy("The verification was rejected"),
        gettext_lazy("The verification of %(name)s was rejected. Put it right and submit it again. Reason: %(reason)s"),
    ),
    "request.approved": Wording(
        gettext_lazy("Request approved: %(request)s"),
        gettext_lazy("The platform has approved your request “%(request)s”."),
    ),
    "request.rejected": Wording(
        gettext_lazy("Request rejected: %(request)s"),
        gettext_lazy("The platform has rejected your request “%(request)s”. Reason: %(reason)s"),
    ),
    "signature.returned": Wording(
        gettext_lazy("A question about the signature %(name)s"),
        gettext_lazy("The reviewer of the signature %(name)s asks, and the clock stands until you answer: %(reason)s"),
    ),
    "signature.withdrawn": Wording(
        gettext_lazy("Signature %(name)s was taken out of review"),
        gettext_lazy("The signature %(name)s was taken out of review. %(reason)s"),
    ),
    "signature.inactive": Wording(
        gettext_lazy("Signature %(name)s was deactivated"),
        gettext_lazy(
            "The platform has deactivated the signature %(name)s for good. Nothing is sent under it any more; send in"
            " a new one. Reason: %(reason)s"
        ),
    ),
    "signature.registration_done": Wording(
        gettext_lazy("Signature %(name)s can be used"),
        gettext_lazy("The signature %(name)s has its channel number and is registered. It can be used from now on."),
    ),
    "signature.registration_failed": Wording(
        gettext_lazy("Signature %(name)s: registration failed"),
        gettext_lazy(
            "The carriers have not registered the signature %(name)s. The platform registers it again once the reason"
            " is mended: %(reason)s"
        ),
    ),
    "signature.dormant": Wording(
        gettext_lazy("Signature %(name)s fell asleep"),
        gettext_lazy(
            "Nothing was sent under the signature %(name)s for %(days)s days, so it must be activated before it is"
            " used again. Ask for that on its page."
        ),
    ),
    "signatureactivation.approved": Wording(
        gettext_lazy("Signature %(name)s is active again"),
        gettext_lazy("The signature %(name)s was activated. It can be used again from now on."),
    ),
    "signatureactivation.rejected": Wording(
        gettext_lazy("Signature %(name)s was not activated"),
        gettext_lazy("The signature %(name)s was not activated. Reason: %(reason)s"),
    ),
    "signatureactivation.returned": Wording(
        gettext_lazy("A question about the signature %(name)s"),
        gettext_lazy(
            "The reviewer of the activation of %(name)s asks, and the clock stands until you answer: %(reason)s"
        ),
    ),
    "qualification.approved": Wording(
        gettext_lazy("Qualification %(name)s was approved"),
        gettext_lazy("The qualification %(name)s was approved. Signatures may rest on it from now on."),
    ),
    "qualification.rejected": Wording(
        gettext_lazy("Qualification %(name)s was rejected"),
        gettext_lazy("The qualification %(name)s was rejected. Put it right and send it in again. Reason: %(reason)s"),
    ),
    "qualification.returned": Wording(
        gettext_lazy("A question about the qualification %(name)s"),
        gettext_lazy(
            "The reviewer of the qualification %(name)s asks, and the clock stands until you answer: %(reason)s"
        ),
    ),
    "qualification.inactive": Wording(
        gettext_lazy("Qualification %(name)s was deactivated"),
        gettext_lazy(
            "The platform has deactivated the qualification %(name)s for good. New signatures need another one."
            " Reason: %(reason)s"
        ),
    ),
    "template.returned": Wording(
        gettext_lazy("A question about the template %(name)s"),
        gettext_lazy(
            "The reviewer of version %(number)s of the template %(name)s asks, and the clock stands until you answer:"
            " %(reason)s"
        ),
    ),
    "template.withdrawn": Wording(
        gettext_lazy("Template %(name)s was taken out of review"),
        gettext_lazy("Version %(number)s of the template %(name)s was taken out of review. %(reason)s"),
    ),
    "template.inactive": Wording(
        gettext_lazy("Template %(name)s was deactivated"),
        gettext_lazy(
            "The platform has deactivated version %(number)s of the template %(name)s for good. Jobs that use it stand"
            " still; write a new version. Reason: %(reason)s"
        ),
    ),
    "verification.returned": Wording(
        gettext_lazy("A question about your verification"),
        gettext_lazy(
            "The reviewer of the verification of %(name)s asks, and the clock stands until you answer: %(reason)s"
        ),
    ),
    "verification.inactive": Wording(
        gettext_lazy("The verification was taken back"),
        gettext_lazy("The platform has taken back the verification of %(name)s. Reason: %(reason)s"),
    ),
    "request.returned": Wording(
        gettext_lazy("A question about your request: %(request)s"),
        gettext_lazy(
            "The platform asks about your request “%(request)s”, and the clock stands until you answer: %(reason)s"
        ),
    ),
    "enterprise.suspended": Wording(
        gettext_lazy("Your enterprise was suspended"),
        gettext_lazy("The platform has suspended your enterprise. Nothing is sent meanwhile. Reason: %(reason)s"),
    ),
    "enterprise.restored": Wording(
        gettext_lazy("Your enterprise sends again"),
        gettext_lazy("The suspension of your enterprise has ended. Running jobs go on where they stood."),
    ),
    "agreement.published": Wording(
        gettext_lazy("New version of the service agreement"),
        gettext_lazy("Version %(number)s of the service agreement is out. Read and accept it before you send again."),
    ),
    "application.suspended": Wording(
        gettext_lazy("Application %(name)s was suspended"),
        gettext_lazy(
            "The platform has suspended the application %(name)s. It sends nothing and serves no program until the"
            " platform resumes it. Reason: %(reason)s"
        ),
    ),
    "export.ready": Wording(
        gettext_lazy("The export of %(job)s is ready"),
        gettext_lazy("The export of the job %(job)s has %(rows)s rows. It can be downloaded for %(days)s days."),
    ),
    "export.failed": Wording(
        gettext_lazy("The export of %(job)s could not be made"),
        gettext_lazy(
            "Making the export of the job %(job)s broke off three times, and we stopped trying. Ask for it again; if it"
            " fails again, tell the platform’s administrator."
        ),
    ),
    "recipientlist.ready": Wording(
        gettext_lazy("The recipient list %(name)s is saved"),
        gettext_lazy("The recipient list %(name)s holds %(rows)s numbers. New jobs can be made from it."),
    ),
    "recipientlist.failed": Wording(
        gettext_lazy("The recipient list %(name)s could not be saved"),
        gettext_lazy(
            "Saving the recipient list %(name)s broke off three times, and we stopped trying. Delete it and save it"
            " anew; if it fails again, tell the platform’s administrator."
        ),
    ),
    "job.held": Wording(
        gettext_lazy("Job %(name)s was held back"),
        gettext_lazy(
            "The job %(name)s was due on %(time)s and was held back. Send it from its page once nothing is in the way:"
            " %(reason)s"
        ),
    ),
    "job.held_late": Wording(
        gettext_lazy("Job %(name)s is late and waits for you"),
        gettext_lazy(
            "The job %(name)s was due on %(time)s, but the system could start it only %(late)s minutes later. As you"
            " wished, it waits: send it from its page, or stop it."
        ),
    ),
    "job.dropped": Wording(
        gettext_lazy("Job %(name)s was not sent"),
        gettext_lazy(
            "The job %(name)s was due on %(time)s, but the system could start it only %(late)s minutes later. As you"
            " wished, nothing of it was sent. To send it all the same, duplicate it."
        ),
    ),
    "job.ended": Wording(
        gettext_lazy("The time of job %(name)s is over"),
        gettext_lazy(
            "The job %(name)s was to be sent until %(until)s. It was waiting then, so the rest of it is withheld."
        ),
    ),
    "application.resumed": Wording(
        gettext_lazy("Application %(name)s was resumed"),
        gettext_lazy("The platform has resumed the application %(name)s. Its jobs and programs go on."),
    ),
}


def tell(
    enterprise: Enterprise, kind: NoticeKind, code: str, *, path: str = "", inbox_only: bool = False, **facts: Any
) -> Notice:
    """Store a notice in the deed's transaction. `code` and `facts` make its sentence; `path` leads to what it is about.

    Contacts whose switch for `kind` is on get it by mail and SMS; what concerns the account goes to owners and admins
    by mail. `inbox_only`: nobody is reached by mail or SMS, for what only matters to somebody who waits for it.
    Raises KeyError for a code without words, and for a fact that its words miss.
    """
    plain = {name: value if isinstance(value, int) or value is None else str(value) for name, value in facts.items()}
    _say(WORDINGS[code], plain)
    notice = Notice.objects.create(enterprise=enterprise, kind=kind, code=code, facts=plain, path=path)
    if inbox_only:
        return notice
    if kind == NoticeKind.ACCOUNT:
        _mail_managers(notice, enterprise)
    else:
        _tell_contacts(notice, enterprise)
    return notice


def words(notice: Notice) -> Words:
    """In the reader's language. A code that the product no longer knows stands for itself."""
    if wording := WORDINGS.get(notice.code):
        return _say(wording, notice.facts)
    return Words(notice.code, "")


def _say(wording: Wording, facts: dict[str, Any]) -> Words:
    known = dict(facts)
    # What a reviewer has said in both languages is read in one's own.
    if "reason_zh" in facts:
        known["reason"] = _in_own_language(facts["reason"], facts["reason_zh"])
    if known.get("request") in RequestKind.values:
        known["request"] = RequestKind(known["request"]).label
    return Words(str(wording.subject) % known, str(wording.sentence) % known)


def _in_own_language(words: Any, zh: Any) -> str:
    first, second = (zh, words) if (translation.get_language() or "").startswith("zh") else (words, zh)
    return str(first or second or "")


# To people ---------------------------------------------------------------------------------------------------------


def _mail_managers(notice: Notice, enterprise: Enterprise) -> None:
    managers = User.objects.filter(enterprise=enterprise, role__in=(Role.OWNER, Role.ADMIN), is_active=True)
    for language, people in _by_language(managers.order_by("pk")):
        with translation.override(language):
            why = _("As owner or admin of %(enterprise)s you are told this.") % {"enterprise": enterprise}
            _mail(notice, [person.email for person in people], why)


def _tell_contacts(notice: Notice, enterprise: Enterprise) -> None:
    wanting = Contact.objects.filter(enterprise=enterprise, **{notice.kind: True}).order_by("pk")
    reached: set[str] = set()
    for language, contacts in _by_language(wanting):
        addresses = dict.fromkeys(contact.email for contact in contacts if contact.email)
        numbers = dict.fromkeys(contact.number for contact in contacts if contact.number)
        with translation.override(language):
            why = _(
                "You are told this as a contact of %(enterprise)s. Its owners and admins say under Contacts who is told"
                " what."
            ) % {"enterprise": enterprise}
            _mail(notice, [address for address in addresses if address not in reached], why)
            _text(notice, enterprise, [number for number in numbers if number not in reached])
        reached |= {*addresses, *numbers}


def _by_language(people: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """Contacts or users by the language they read."""
    found: dict[str, list[Any]] = {}
    for person in people:
        language = person.language if person.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        found.setdefault(language, []).append(person)
    return list(found.items())


def _mail(notice: Notice, addresses: list[str], why: str) -> None:
    said = words(notice)
    link = [f"{settings.SITE_URL}{notice.path}"] if notice.path else []
    outbox.mails(addresses, subject=said.subject, text="\n\n".join([said.sentence, *link, why]) + "\n")


def _text(notice: Notice, enterprise: Enterprise, numbers: list[str]) -> None:
    """Short, and without a link: whoever holds the phone need not be somebody of the enterprise."""
    subject = Truncator(words(notice).subject).chars(SUBJECT_IN_TEXT)
    said = _("%(subject)s. Details in the console, under Notices.") % {"subject": subject}
    outbox.texts(_not_flooded(numbers), said, enterprise=enterprise)


def _not_flooded(numbers: list[str]) -> list[str]:
    """Those that had fewer texts than the limit within the last hour; codes, which people ask for, do not count."""
    lately = OutgoingText.objects.filter(
        number__in=numbers, urgent=False, created_at__gte=Now() - timedelta(hours=1)
    ).values_list("number")
    had = dict(lately.annotate(n=Count("pk")))
    return [number for number in numbers if had.get(number, 0) < TEXTS_AN_HOUR]
