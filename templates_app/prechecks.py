"""The check before review with everything around a text gathered from the database.

The same runs while somebody types, when a draft is sent in, and beside it on the reviewer's page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import get_language

from accounts.models import Application, ReviewState
from accounts.models.review import PENDING
from templates_app.models import Signature, TemplateVersion, WordList
from templates_app.models.template import Brackets, Variable
from templates_app.models.wording import WordEffect
from templates_app.rules import Result, Subject, Theme, precheck

TWINS_SHOWN = 5


def of_text(
    text: str,
    variables: Iterable[Variable],
    *,
    type: str,  # noqa: A002 as the fields are called everywhere
    application: Application | None,
    signature: Signature | None = None,
    mainland: bool = True,
    universal: bool = False,
    brackets: str = Brackets.CHINESE,
    countries: Iterable[str] = (),
    countries_needed: bool = False,
    template_id: int | None = None,
) -> list[Result]:
    """What is wrong, worth a look and well with a text; `template_id`: the template it is of, if there is one yet."""
    subject = Subject(
        text=text,
        variables=tuple(variables),
        type=type,
        mainland=application.is_mainland if application else mainland,
        signature=signature.name if signature and not universal else "",
        brackets=brackets,
        universal=universal,
        countries=tuple(countries),
        countries_needed=countries_needed,
        themes=themes(type),
        twins=twins(text, application, template_id),
    )
    return precheck(subject)


def of_version(version: TemplateVersion) -> list[Result]:
    """The same of a stored version, for its page and for the reviewer."""
    from templates_app import drafts

    template = version.template
    return of_text(
        version.text,
        version.typed_variables,
        type=template.type,
        application=template.application,
        signature=template.signature,
        universal=template.universal,
        brackets=template.brackets,
        countries=template.countries,
        countries_needed=not drafts.is_settled(template),
        template_id=template.pk,
    )


def themes(type: str) -> tuple[Theme, ...]:  # noqa: A002
    """The word lists about messages of this type, in the reader's language."""
    return _themes(WordList.objects.filter(Q(types=[]) | Q(types__contains=[type])))


def all_themes() -> tuple[Theme, ...]:
    return _themes(WordList.objects.all())


def _themes(lists: QuerySet[WordList]) -> tuple[Theme, ...]:
    chinese = (get_language() or "").startswith("zh")
    return tuple(
        Theme(held.theme_zh if chinese else held.theme_en, tuple(held.words), held.effect == WordEffect.REFUSE)
        for held in lists.order_by("pk")
    )


def twins(text: str, application: Application | None, template_id: int | None) -> tuple[str, ...]:
    """Other templates of the application with the same text that are approved or on their way."""
    if application is None or not text.strip():
        return ()
    same: Any = TemplateVersion.objects.filter(
        template__application=application,
        template__removed_at__isnull=True,
        text=text,
        review_state__in=[*PENDING, ReviewState.APPROVED],
    ).exclude(template_id=template_id or 0)
    names = same.order_by("template__name").values_list("template__name", flat=True).distinct()
    return tuple(names[:TWINS_SHOWN])
