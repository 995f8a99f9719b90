"""The word lists of the check before review: staff looks and tries, administrators change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.permissions import PersonRequest, may, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from templates_app import prechecks
from templates_app import words as deeds
from templates_app.forms.words import TryForm, WordListForm
from templates_app.models import MessageType, WordList
from templates_app.rules import themes


@policy("words.view")
def words(request: PersonRequest) -> HttpResponse:
    """The lists; a text that is posted is tried against them, and nothing of it is kept."""
    form = TryForm(request.POST if request.method == "POST" else None)
    tried = _tried(form.cleaned_data["text"]) if form.is_valid() else None
    labels = dict(MessageType.choices)
    lists = WordList.objects.select_related("changed_by").order_by("effect", "theme_en")
    context = {
        "lists": [(held, [labels[kind] for kind in held.types if kind in labels]) for held in lists],
        "form": form,
        "tried": tried,
        "may_edit": may(request.user, "words.edit"),
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return page(request, "templates_app/words.html", context, status=status)


def _tried(text: str) -> list[dict[str, Any]]:
    found = themes.found(text, prechecks.all_themes())
    return [
        {"theme": theme, "quotes": list(dict.fromkeys(text[start:end] for start, end in places))}
        for theme, places in found
    ]


@policy("words.edit")
def words_new(request: PersonRequest) -> HttpResponse:
    form = WordListForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            made = deeds.add(form.cleaned_data, by=request.user)
        except NotAllowed as problem:
            form.add_error("theme_en", str(problem))
        else:
            messages.success(request, _("“%(theme)s” is looked for from now on.") % {"theme": made})
            return redirect("words")
    return page(request, "templates_app/words_edit.html", {"form": form}, status=422 if form.is_bound else 200)


@policy("words.edit")
def words_edit(request: PersonRequest, pk: int) -> HttpResponse:
    held = get_object_or_404(WordList.objects.select_related("changed_by"), pk=pk)
    form = WordListForm(request.POST if request.method == "POST" else None, held=held)
    seen = request.POST.get("seen", "") or deeds.token(held)
    if form.is_bound and form.is_valid():
        try:
            deeds.change(pk, form.cleaned_data, seen=seen, by=request.user)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            messages.success(request, _("Saved. Texts are checked by it from now on."))
            return redirect("words")
    context = {"form": form, "held": held, "seen": seen, "remove_fields": [("seen", deeds.token(held))]}
    return page(request, "templates_app/words_edit.html", context, status=422 if form.is_bound else 200)


@policy("words.edit")
@require_POST
def words_remove(request: PersonRequest, pk: int) -> HttpResponse:
    get_object_or_404(WordList, pk=pk)
    try:
        deeds.remove(pk, seen=request.POST.get("seen", ""), by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("words")
