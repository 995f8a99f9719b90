"""Joining, confirming the e-mail address, and a forgotten password. Open pages all."""

from __future__ import annotations

from typing import Any

from allauth.account.views import (
    ConfirmEmailView,
    EmailVerificationSentView,
    PasswordResetDoneView,
    PasswordResetFromKeyDoneView,
    PasswordResetFromKeyView,
    PasswordResetView,
    SignupView,
)
from django.contrib import messages
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts import audit
from accounts.forms.sign_up import ForgottenForm, NewPasswordForm, SignUpForm
from accounts.identity import end_sessions
from accounts.models import Agreement, User
from accounts.permissions import open_to_all
from accounts.views.sign_in import FaultyIs422
from console.lib.errors import NotAllowed
from console.lib.pages import page


class JoinView(FaultyIs422, SignupView):
    form_class = SignUpForm
    template_name = "accounts/sign_up.html"
    template_name_signup_closed = "accounts/sign_up_closed.html"

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return super().form_valid(form)
        except NotAllowed as problem:
            form.add_error("agree", str(problem))
            return self.form_invalid(form)


class ConfirmView(ConfirmEmailView):
    """The link of the mail shows a button; only pressing it confirms, since mail scanners follow links."""

    template_name = "account/email_confirm.html"

    def get(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().get(*args, **kwargs)
        response.status_code = 200 if self.object else 404
        return response

    def get_object(self, queryset: Any = None) -> Any:
        found = super().get_object(queryset)
        if self.request.method != "POST":
            return found
        # Pressed twice at once, the second waits here and then finds the link used. The person first, as in
        # `free_address`, which may be giving the address to somebody else.
        User.objects.select_for_update(no_key=True).get(pk=found.email_address.user_id)
        return super().get_object(queryset)

    @transaction.atomic
    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(*args, **kwargs)
        address = self.object.email_address
        if not address.verified:  # somebody else has confirmed the same address
            messages.error(self.request, _("This address belongs to another account by now. Sign in with that one."))
            return redirect("account_login")
        audit.record(
            by=address.user,
            verb="user.address_confirmed",
            object_id=address.user_id,
            enterprise_id=address.user.enterprise_id,
            label=address.user.name,
        )
        messages.success(self.request, _("Your address is confirmed. Sign in to go on."))
        return response


class ForgottenView(FaultyIs422, PasswordResetView):
    form_class = ForgottenForm
    template_name = "account/password_reset.html"


class NewPasswordView(FaultyIs422, PasswordResetFromKeyView):
    """Sets a password and signs nobody in: the second factor is asked for as ever."""

    form_class = NewPasswordForm
    template_name = "account/password_reset_from_key.html"
    reset_user: Any

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        person = User.objects.select_for_update(no_key=True).get(pk=self.reset_user.pk)
        if not default_token_generator.check_token(person, self.key):  # the same form was sent a moment before
            return self.render_to_response(self.get_context_data(token_fail=True))
        self.reset_user = form.user = person
        response = super().form_valid(form)
        end_sessions(person)
        audit.record(
            by=person,
            verb="user.password_changed",
            object_id=person.pk,
            enterprise_id=person.enterprise_id,
            label=person.name,
            how="mail",
        )
        return response


@open_to_all
def agreement_text(request: HttpRequest) -> HttpResponse:
    """The version that holds, for whoever thinks of joining."""
    held = Agreement.objects.current()
    if held is None:
        return redirect("account_signup")
    return page(request, "accounts/agreement_text.html", {"agreement": held})


sign_up = open_to_all(JoinView.as_view())
check_mail = open_to_all(EmailVerificationSentView.as_view(template_name="account/verification_sent.html"))
confirm = open_to_all(ConfirmView.as_view())
forgotten = open_to_all(ForgottenView.as_view())
forgotten_sent = open_to_all(PasswordResetDoneView.as_view(template_name="account/password_reset_done.html"))
new_password = open_to_all(NewPasswordView.as_view())
new_password_done = open_to_all(
    PasswordResetFromKeyDoneView.as_view(template_name="account/password_reset_from_key_done.html")
)
