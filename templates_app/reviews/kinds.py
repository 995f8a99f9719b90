"""What is reviewed, and what is special to each kind of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Request, RequestKind, Review, Verification
from templates_app import qualification_facts, review_facts, signature_facts
from templates_app.models import Qualification, Signature, SignatureActivation, TemplateVersion
from templates_app.reviews import reasons, template_facts
from templates_app.reviews.reasons import Reason

Item = Any  # a thing of one of the KINDS


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of thing that is reviewed, as the desk shows it."""

    name: str  # in addresses and templates: templates_app/review_<name>.html
    model: type[Review]
    label: Any
    reasons: tuple[Reason, ...]
    # What a decision rests on, besides the item's own words: the context of its part of the page.
    facts: Callable[[Item], dict[str, Any]]
    searched: tuple[str, ...]  # fields of its title
    related: tuple[str, ...] = ()  # what its title needs, besides the enterprise
    lang: str = ""  # of its title
    title: Callable[[Item], str] = str

    def rows(self) -> Any:
        manager: Any = self.model._default_manager
        return manager.select_related("enterprise", "submitted_by", *self.related)

    def lines(self) -> Any:
        """Rows with no more than a line of a list shows."""
        manager: Any = self.model._default_manager
        titled = {name.partition("__")[0] for name in self.related}
        return manager.select_related("enterprise", "submitted_by", "claimed_by", "first_by", *sorted(titled))

    def whole(self) -> Any:
        """Rows with everybody who had a hand in them."""
        return self.rows().select_related("decided_by", "claimed_by", "first_by", "answer_document")

    def named(self, words: str) -> Q:
        """Those whose title or enterprise has `words`."""
        found = Q(enterprise__name__icontains=words)
        for field in self.searched:
            found |= Q(**{f"{field}__icontains": words})
        return found


def _requests_named(words: str) -> list[str]:
    """A request's title is the name of its kind, in the reader's language."""
    return [value for value, label in RequestKind.choices if words.casefold() in str(label).casefold()]


class _RequestKind(Kind):
    def named(self, words: str) -> Q:
        return super().named(words) | Q(kind__in=_requests_named(words))


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "verification",
            Verification,
            _("Real name"),
            reasons.VERIFICATION,
            review_facts.of_verification,
            ("name", "credit_code"),
            lang="zh-Hans",
        ),
        Kind(
            "qualification",
            Qualification,
            _("Qualification"),
            reasons.QUALIFICATION,
            qualification_facts.of_qualification,
            ("name", "company"),
            lang="zh-Hans",
        ),
        Kind(
            "signature",
            Signature,
            _("Signature"),
            reasons.SIGNATURE,
            signature_facts.of_signature,
            ("name",),
            lang="zh-Hans",
        ),
        Kind(
            "activation",
            SignatureActivation,
            _("Activation"),
            reasons.ACTIVATION,
            signature_facts.of_activation,
            ("signature__name",),
            related=("signature",),
            lang="zh-Hans",
        ),
        Kind(
            "template",
            TemplateVersion,
            _("Template"),
            reasons.TEMPLATE,
            template_facts.of_template,
            ("template__name",),
            related=("template__application", "template__signature__qualification"),
            title=lambda item: item.template.name,
        ),
        _RequestKind("request", Request, _("Request"), reasons.REQUEST, review_facts.of_request, ()),
    )
}


def kind_of(item: Item) -> Kind:
    return next(kind for kind in KINDS.values() if isinstance(item, kind.model))


def title(item: Item) -> str:
    return kind_of(item).title(item)
