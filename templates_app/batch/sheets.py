"""The sheets that go out: a sample to fill in, and the rows that could not be imported, to mend."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from accounts.models import Application, User
from accounts.models.application import Region
from console.lib.sheets import Writer
from templates_app.batch import columns, variables
from templates_app.batch.imports import ROWS_MAX
from templates_app.models import MessageType, Signature, TemplateImport, VariableKind
from templates_app.models.template import LONGEST, OLD_KINDS, TEXT_MAX, Brackets, Variable

_TEXTS = {
    Region.MAINLAND: "尊敬的${1}，您的包裹已由快递员揽收，预计${2}送达，请留意查收。",
    Region.INTERNATIONAL: "Dear ${1}, your parcel is on its way and should reach you on ${2}.",
}
_CODES = {
    Region.MAINLAND: "您的验证码为${1}，5分钟内有效，请勿告诉他人。",
    Region.INTERNATIONAL: "Your verification code is ${1}. It is valid for 5 minutes; do not share it.",
}


def sample(user: User, region: str) -> bytes:
    """An xlsx with the headers in the reader's language, two examples that can be imported, lists to choose from, and
    how it is done.
    """
    applications = list(Application.objects.visible_to(user).usable().filter(region=region).order_by("pk"))
    signatures = _signatures(applications)
    wanted = columns.of_region(region)
    rows = [[cells.get(column.key, "") for column in wanted] for cells in _examples(region, applications, signatures)]
    choices = _choices(applications, signatures)
    buffer = io.BytesIO()
    with Writer(buffer) as book:
        book.sheet(
            _("Templates"),
            [column.header for column in wanted],
            rows,
            choices={place: choices[column.key] for place, column in enumerate(wanted) if choices.get(column.key)},
            choice_rows=ROWS_MAX,
        )
        book.sheet(_("How to fill in"), [_("How to fill in")], [[line] for line in _instructions(region)])
    return buffer.getvalue()


def _signatures(applications: Sequence[Application]) -> list[Signature]:
    return list(Signature.objects.own().approved().filter(application__in=applications).order_by("pk"))


def _choices(applications: Sequence[Application], signatures: Sequence[Signature]) -> Mapping[str, Sequence[str]]:
    return {
        "type": [str(kind.label) for kind in MessageType],
        "application": [application.name for application in applications],
        "signature": [_universal(), *dict.fromkeys(signature.name for signature in signatures)],
        "brackets": [str(kind.label) for kind in Brackets],
    }


def _universal() -> str:
    return columns.UNIVERSAL[columns.is_chinese()]


def _examples(
    region: str, applications: Sequence[Application], signatures: Sequence[Signature]
) -> list[dict[str, str]]:
    application = applications[0] if applications else None
    examples = (
        (
            MessageType.NOTIFICATION, "Parcel_Arrival_Example", _TEXTS[Region(region)],
            [Variable("1", VariableKind.TEXT, 20, _("Name"), "王女士" if region == Region.MAINLAND else "Mr Wang"),
             Variable("2", VariableKind.TIME, 20, _("Day"), "2026-03-31")],
            _("Sent to the buyer once the courier has collected the parcel. Buyers only."),
        ),
        (
            MessageType.VERIFICATION, "Login_Code_Example", _CODES[Region(region)],
            [Variable("1", VariableKind.NUMBER, 6, _("Code"), "482913")],
            _("Sent when somebody signs in to our app with a mobile number."),
        ),
    )  # fmt: skip
    return [
        {
            "name": name,
            "type": str(kind.label),
            "application": application.name if application else "",
            "signature": _signature_for(kind, application, signatures),
            "brackets": str(Brackets.CHINESE.label),
            "countries": "SG, MY",
            "text": text,
            "variables": variables.write(described),
            "purpose": purpose,
        }
        for kind, name, text, described, purpose in examples
    ]


def _signature_for(kind: str, application: Application | None, signatures: Sequence[Signature]) -> str:
    fitting = (s.name for s in signatures if application and s.application_id == application.pk and s.type == kind)
    return next(fitting, _universal())


def _instructions(region: str) -> list[str]:
    lines = [
        _("Fill in the first sheet: one template in each row, below the headers. Replace the two examples."),
        _("At most %(rows)s templates in one file. The order of the columns does not matter; keep their headers.")
        % {"rows": ROWS_MAX},
        _("Template name: at most 30 characters, each once in your enterprise."),
        _("Template type: %(choices)s.") % {"choices": _(", ").join(str(kind.label) for kind in MessageType)},
        _("Application: its name, as your list of applications shows it."),
    ]
    if region == Region.MAINLAND:
        lines += [
            _("Signature: the name of one of the same application and type, without brackets; or “%(universal)s”, then "
              "every signature of that application and type can be used with it.") % {"universal": _universal()},
            _("Brackets of the signature: 【】 or []; where nothing is written, 【】."),
        ]  # fmt: skip
    else:
        lines.append(_("Countries or regions: names or codes such as SG, with commas between."))
    lines += [
        _("Text: at most %(most)s characters, with the variables ${1}, ${2}, … in the order they stand.")
        % {"most": TEXT_MAX},
        _("Variables: a line for each (Alt+Enter makes a new line), such as: %(line)s")
        % {"line": variables.write([Variable("1", VariableKind.TEXT, 20, _("Name"), "Mr Wang")])},
        _("In a line stand, with commas between: type, longest value, meaning, an example. The meaning has no comma."),
        _("Types of variables, and their longest values: %(kinds)s.")
        % {"kinds": _(", ").join(f"{k.label} {LONGEST[k]}" for k in VariableKind if k not in OLD_KINDS)},
        _("When is it sent: the occasion and who gets it. Reviewers decide by it."),
    ]
    return lines


def failed(found: TemplateImport) -> bytes:
    """The rows that became nothing as they were uploaded, with what is wrong; mended, the file can be imported again:
    the column of reasons is not read.
    """
    wanted = columns.of_region(found.region)
    headers = [*(column.header for column in wanted), columns.REASON.header]
    rows = [[*(row["cells"].get(column.key, "") for column in wanted), "\n".join(why)] for row, why in found.failed]
    buffer = io.BytesIO()
    with Writer(buffer) as book:
        book.sheet(_("Templates"), headers, rows)
    return buffer.getvalue()
