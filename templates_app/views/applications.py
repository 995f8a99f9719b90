"""Adding an application: here, because it may come with a test signature and template."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect

from accounts import applications, modes
from accounts.forms.application import ApplicationForm
from accounts.models.application import Region
from accounts.permissions import PersonRequest, may, policy
from console.lib.errors import NotAllowed
from console.lib.pages import page
from templates_app import trial_kit


@policy("applications.edit")
def application_new(request: PersonRequest, region: str) -> HttpResponse:
    """Whoever may see the secret goes on to it; others are told who can."""
    enterprise = request.user.enterprise
    assert enterprise is not None  # the policy lets nobody else in
    form = ApplicationForm(request.POST or None, by=request.user, region=region)
    may_see = may(request.user, "applications.secret")
    if request.method == "POST" and form.is_valid():
        application, wanted = form.application(), form.cleaned_data
        try:
            trial_kit.create_application(
                application,
                by=request.user,
                signs_callbacks=wanted["signs_callbacks"],
                trial_kit=wanted.get("trial_kit", False),
            )
        except NotAllowed as problem:
            form.add_error(None, str(problem))
        else:
            return redirect("application-secret" if may_see else "application", region=region, pk=application.pk)
    context = {
        "form": form,
        "region": Region(region),
        "may_see_secret": may_see,
        "quota": applications.quota(enterprise, region),
        "covered": modes.covers(enterprise, region),
        "may_ask": may(request.user, "requests.edit"),
    }
    return page(request, "accounts/application_new.html", context, status=422 if form.is_bound else 200)
