"""The enterprise's contacts: who is told of what."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts import contacts as deeds
from accounts.forms.contact import ContactForm
from accounts.models import Contact, NoticeKind
from accounts.models.contact import CONTACTS_MAX
from accounts.permissions import PersonRequest, may, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page


@policy("contacts.view")
def contacts(request: PersonRequest) -> HttpResponse:
    found = Contact.objects.visible_to(request.user).order_by("pk")
    context = {
        "contacts": [(contact, [(kind, getattr(contact, kind)) for kind in deeds.SWITCHES]) for contact in found],
        "kinds": deeds.SWITCHES,
        "most": CONTACTS_MAX,
        "may_edit": may(request.user, "contacts.edit"),
        "full_numbers": may(request.user, "numbers.full"),
    }
    return page(request, "accounts/contacts.html", context)


@policy("contacts.edit")
def contact_new(request: PersonRequest) -> HttpResponse:
    form = ContactForm(request.POST or None, by=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            deeds.add(form.save(commit=False), by=request.user)
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("contacts")
    return page(request, "accounts/contact_edit.html", {"form": form}, status=422 if form.is_bound else 200)


@policy("contacts.edit")
def contact(request: PersonRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Contact.objects.visible_to(request.user), pk=pk)
    form = ContactForm(request.POST or None, instance=found, by=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            deeds.change(form.save(commit=False), by=request.user)
        except NotAllowed as problem:
            messages.error(request, str(problem))
        return redirect("contacts")
    # The name as it is stored: a refused form has already changed the instance.
    context = {"form": form, "name": form.initial["name"], "pk": pk}
    return page(request, "accounts/contact_edit.html", context, status=422 if form.is_bound else 200)


@policy("contacts.edit")
@require_POST
def contact_switch(request: PersonRequest, pk: int) -> HttpResponse:
    """`kind` and `on` ("1" or "0"): the state that is wanted, so that a double click is no harm."""
    found = get_object_or_404(Contact.objects.visible_to(request.user), pk=pk)
    if (kind := request.POST.get("kind")) not in deeds.SWITCHES:
        raise Http404
    try:
        deeds.switch(found, NoticeKind(kind), on=request.POST.get("on") == "1", by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("contacts")


@policy("contacts.edit")
@require_POST
def contact_remove(request: PersonRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Contact.objects.visible_to(request.user), pk=pk)
    try:
        deeds.remove(found, by=request.user)
    except NotAllowed as problem:
        messages.error(request, str(problem))
    return redirect("contacts")
