"""How the promise of the review times is kept: for the platform's staff, and for everybody."""

from __future__ import annotations

from statistics import promise as figures

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.permissions import PersonRequest, may, open_to_all, policy
from console.lib.pages import page


@policy("promise.view")
@require_safe
def review_promise(request: PersonRequest) -> HttpResponse:
    context = {
        "promise": figures.shown(figures.kept_facts()),
        "sees_people": may(request.user, "promise.people"),
        "weeks": figures.WEEKS,
        "people_weeks": figures.PEOPLE_WEEKS,
    }
    if context["sees_people"]:
        context["people"] = [(person, figures.words(person.worked)) for person in figures.people()]
    return page(request, "statistics/promise.html", context)


@open_to_all
@require_safe
def promise(request: HttpRequest) -> HttpResponse:
    """Without names of anybody; counted at most once a minute, however many ask."""
    context = {"promise": figures.shown(figures.kept_facts()), "weeks": figures.WEEKS}
    return page(request, "statistics/promise_public.html", context)
