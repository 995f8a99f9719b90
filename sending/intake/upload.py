"""Taking a sheet in: one job for one posted form, its file stored, its check asked for. And the sample file to fill."""

from __future__ import annotations

import io
import uuid
from collections.abc import Collection, Mapping
from pathlib import PurePath
from typing import Any

import phonenumbers
from django.conf import settings
from django.core.files import File
from django.db import IntegrityError, transaction
from django.template.defaultfilters import filesizeformat
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import audit, modes
from accounts.models import Enterprise, User
from accounts.models.application import ApplicationState
from accounts.models.enterprise import EnterpriseState
from console.lib.errors import NotAllowed
from console.lib.queue import after_commit
from console.lib.sheets import Writer
from sending.intake.columns import forms
from sending.models import SendJob
from sending.sendable import signature_fault
from templates_app.models import MessageTemplate, MessageType, Signature, TemplateVersion, VariableKind
from templates_app.models.message_type import PRIORITY
from templates_app.models.template import Variable

NAME_MAX, FILE_NAME_MAX = 60, 200

# Numbers nobody has: unassigned in China, kept for films in North America.
_EXAMPLE_NUMBERS = {True: ("13900000001", "13900000002"), False: ("+12025550123", "+12025550143")}
# The first that is short enough.
_EXAMPLE_VALUES = {
    VariableKind.NUMBER: ("A1024", "7"),
    VariableKind.MONEY: ("99.50", "9"),
    VariableKind.TIME: ("2026-03-31", "09:30"),
    VariableKind.PHONE: ("4000000000", "95588", "1"),
    VariableKind.OLD_NUMBER: ("1024", "7"),
    VariableKind.OLD_DATE: ("2026/03/31",),
    VariableKind.OLD_TIME: ("09:30",),
}


def receive(
    *,
    enterprise: Enterprise,
    by: User,
    token: uuid.UUID,
    name: str,
    version: TemplateVersion,
    file: File,
    signature: Signature | None = None,
    wanted_columns: Mapping[str, Any] | None = None,
) -> SendJob:
    """The job of this upload, *uploaded*, its check under way. The same `token` again gives the same job.

    `signature`: chosen for a universal template; other templates bring their own.
    `wanted_columns`: {"number": header, "values": {variable's name: header}}, any of it; headers or column letters.
    Raises NotAllowed with a text for the person.
    """
    if known := SendJob.objects.filter(enterprise=enterprise, token=token).first():
        return known
    _check(enterprise=enterprise, by=by, version=version, file=file)
    template = version.template
    signature = _signature(template, signature)
    file_name = PurePath(file.name or "").name
    job = SendJob(
        enterprise=enterprise,
        token=token,
        name=(name.strip() or PurePath(file_name).stem)[:NAME_MAX],
        application=template.application,
        version=version,
        signature=signature,
        priority=PRIORITY[MessageType(template.type)],
        file=file,
        file_name=file_name[:FILE_NAME_MAX],
        file_size=file.size,
        wanted_columns=_columns(version, wanted_columns or {}),
        created_by=by,
    )
    try:
        with transaction.atomic():
            job.save()
            audit.record(
                by=by,
                verb="job.uploaded",
                object_id=job.pk,
                enterprise_id=enterprise.pk,
                label=job.name,
                file=job.file_name,
                bytes=job.file_size,
            )
            after_commit("sending.read_upload", job_id=job.pk)
    except Exception as error:
        job.file.delete(save=False)
        # The form's other post was faster.
        if isinstance(error, IntegrityError):
            if known := SendJob.objects.filter(enterprise=enterprise, token=token).first():
                return known
            raise NotAllowed(_("This form was used before. Load the page again and upload the file anew.")) from error
        raise
    return job


def _check(*, enterprise: Enterprise, by: User, version: TemplateVersion, file: File) -> None:
    """Raises NotAllowed where this upload may not become a job."""
    template = version.template
    if enterprise.state != EnterpriseState.ACTIVE:
        raise NotAllowed(
            _("Your enterprise is “%(state)s” and cannot send. Ask the platform’s administrator.")
            % {"state": EnterpriseState(enterprise.state).label}
        )
    if version.enterprise_id != enterprise.pk or by.enterprise_id != enterprise.pk:
        raise NotAllowed(_("This template belongs to another enterprise. Choose one of yours."))
    if template.application.state != ApplicationState.LAUNCHED:
        raise NotAllowed(
            _("The application “%(name)s” is suspended. Choose a template of another application.")
            % {"name": template.application.name}
        )
    modes.check_region(enterprise, template.application.region)
    if not version.is_sendable or template.removed_at is not None:
        raise NotAllowed(_("This version of the template is not approved. Choose an approved template."))
    if template.type == MessageType.VERIFICATION:
        raise NotAllowed(_("Verification codes are sent one by one through the API, not to a list. Choose another."))
    if file.size > settings.UPLOAD_MAX_BYTES:
        raise NotAllowed(
            _("The file has %(size)s; at most %(limit)s are accepted. Delete columns or split it, and upload again.")
            % {"size": filesizeformat(file.size), "limit": filesizeformat(settings.UPLOAD_MAX_BYTES)}
        )


def _signature(template: MessageTemplate, chosen: Signature | None) -> Signature | None:
    """What the job's messages go out under. Raises NotAllowed where nothing may be."""
    own = template.signature
    if not template.universal and chosen is not None and chosen != own:
        raise NotAllowed(_("This template has its own signature. Choose a universal template to send under another."))
    signature = chosen if template.universal else own
    if not template.application.is_mainland:
        return None
    if signature is None:
        raise NotAllowed(_("Choose the signature to send under: mainland messages need one."))
    if template.universal and not _fits(signature, template):
        raise NotAllowed(
            _("The signature %(signature)s is not one of yours of the template’s application and type. Choose another.")
            % {"signature": signature}
        )
    if signature.removed_at is not None:
        raise NotAllowed(_("The signature %(signature)s was deleted. Choose another one.") % {"signature": signature})
    if fault := signature_fault(signature):
        raise NotAllowed(fault)
    return signature


def _fits(signature: Signature, template: MessageTemplate) -> bool:
    """Whether a universal template may go out under it: one of the enterprise's own, of its application and type."""
    same = (signature.application_id, signature.type) == (template.application_id, template.type)
    return same and not signature.built_in


def _columns(version: TemplateVersion, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen, and nothing else, whatever the form has sent."""
    chosen: dict[str, Any] = {}
    if number := str(wanted.get("number") or "").strip():
        chosen["number"] = number
    names = {variable.name for variable in version.typed_variables}
    given = wanted.get("values") or {}
    if values := {name: str(header).strip() for name, header in given.items() if name in names and header}:
        chosen["values"] = values
    return chosen


def sample_file(version: TemplateVersion, language: str) -> bytes:
    """An xlsx to fill in for this version: headers that will be recognised, two example rows, and how it is done."""
    variables = version.typed_variables
    with translation.override(language):
        number = _("Mobile number")
        titles = headers(variables, taken=forms(number))
        examples = [_example(variable) for variable in variables]
        numbers = _example_numbers(version.template)
        buffer = io.BytesIO()
        with Writer(buffer) as book:
            book.sheet(_("Recipients"), [number, *titles], [[example, *examples] for example in numbers])
            lines = _instructions(variables, titles)
            book.sheet(_("How to fill in"), [_("How to fill in")], [[line] for line in lines])
    return buffer.getvalue()


def headers(variables: list[Variable], *, taken: Collection[str] = ()) -> list[str]:
    """A header for each variable that its column is found by: its meaning, where that is clear, else its code; its
    number where an older code stands twice.
    """
    meanings, codes = [v.meaning.strip() for v in variables], [v.code for v in variables]
    found = []
    for variable, meaning in zip(variables, meanings, strict=True):
        if meaning and meanings.count(meaning) == 1 and forms(meaning).isdisjoint(taken):
            found.append(meaning)
        else:
            found.append(variable.code if codes.count(variable.code) == 1 else f"${{{variable.name}}}")
    return found


def _example_numbers(template: MessageTemplate) -> list[str]:
    """Two that nobody has, of a country that the template may be sent to."""
    if template.application.is_mainland or not template.countries or "US" in template.countries:
        return list(_EXAMPLE_NUMBERS[template.application.is_mainland])
    code = template.countries[0]
    found = phonenumbers.example_number_for_type(code, phonenumbers.PhoneNumberType.MOBILE)
    if found is None:
        return list(_EXAMPLE_NUMBERS[False])
    return [phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)]


def _example(variable: Variable) -> str:
    """One that the check takes, as long as the variable's length lets it be."""
    if variable.example:
        return variable.example
    kind, longest = VariableKind(variable.kind), variable.longest
    fitting = [value for value in _EXAMPLE_VALUES.get(kind, (_("example"), "A")) if len(value) <= longest]
    return fitting[0] if fitting else ""


def _instructions(variables: list[Variable], titles: list[str]) -> list[str]:
    lines = [
        _("Fill in the first sheet: one recipient in each row, below the header. Replace the example rows."),
        _("All columns are of text format, so that no number loses digits. Keep it when you paste."),
        _("Numbers of mainland China may be written with or without +86; others begin with + and the country code."),
        _("Hidden rows are not sent to. A number that stands in several rows is sent to once, for the first of them."),
    ]
    for variable, title in zip(variables, titles, strict=True):
        lines.append(
            _("Column “%(title)s” for %(variable)s: %(kind)s, at most %(longest)s characters, never empty.")
            % {
                "title": title,
                "variable": variable.code,
                "kind": VariableKind(variable.kind).label,
                "longest": variable.longest,
            }
        )
    return lines
