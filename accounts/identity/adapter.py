"""How django-allauth behaves here: its words, mails, limits and records are ours."""

from __future__ import annotations

import base64
import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import audit, origin
from accounts.identity import second_factor, throttling
from accounts.models import Agreement, User
from console.lib import crypto

OWNER = "mfa:authenticator"
FAILURES_RECORDED_EVERY = 10 * 60  # seconds; guessing must not fill the record
WRONG_PAIR = _("E-mail and password do not match. Check both; capitals count in the password.")
WRONG_CODE = _("This code is not right, or was used already. Wait for the next one in your app and enter that.")


def note_failure(user: User, *, step: str) -> None:
    """Record that somebody failed to sign in as `user`, at most once per step in a while. Never what they entered."""
    if cache.add(f"sign-in-failed:{step}:{user.pk}", 1, FAILURES_RECORDED_EVERY):
        audit.record(
            by=None,
            verb="user.sign_in_failed",
            object_id=user.pk,
            enterprise_id=user.enterprise_id,
            label=user.name,
            step=step,
        )


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": WRONG_PAIR,
        "enter_current_password": _("This is not your password. Capitals count."),
        "incorrect_password": _("This is not your password. Capitals count."),
        "too_many_login_attempts": _("Too many wrong codes. Wait 15 minutes, then try again."),
        "rate_limited": _("Too many wrong codes. Wait 15 minutes, then try again."),
    }

    # Signing in

    def get_login_stages(self) -> list[str]:
        return ["accounts.identity.stages.ConfirmAddressStage", "accounts.identity.stages.SecondFactorStage"]

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        counted = throttling.bucket(request, credentials.get("email", ""))
        self._login_failed_rl_usage = ratelimit.consume(request, app=throttling.APP, **counted)
        if not self._login_failed_rl_usage:
            wait = throttling.seconds_left(request, **counted)
            guessed = counted["action"] == "login_failed"
            raise ImmediateHttpResponse(throttling.too_many(request, wait, guessed=guessed))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        user = User.objects.with_email(credentials.get("email", "")).first()
        if user:
            note_failure(user, step="password")

    def set_password(self, user: Any, password: str) -> None:
        user.set_password(password)
        # Nothing else: `user` was read a while ago, and its role may be another by now, or its account closed.
        user.save(update_fields=["password"])

    def reauthenticate(self, user: Any, password: str) -> bool:
        return bool(user.check_password(password))  # counted per person by the view

    @transaction.atomic
    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        methods = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
        if methods:  # who has just signed in need not prove it again within the next minutes
            request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [
                *methods[:-1],
                methods[-1] | {"reauthenticated": True},
            ]
        request.session["began"] = request.session["seen"] = int(time.time())
        audit.record(
            by=user,
            verb="user.signed_in",
            object_id=user.pk,
            enterprise_id=user.enterprise_id,
            label=user.name,
            second_factor=next((m.get("type", "") for m in methods if m["method"] == "mfa"), ""),
        )

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        throttling.remember_device(request, response, user)
        return response

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        return redirect("account_login")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        return True

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        words = {
            "reauthenticate": gettext("Use your password"),
            "mfa_reauthenticate": gettext("Use a code"),
            "mfa_reauthenticate:webauthn": gettext("Use a security key"),
        }
        return [method | {"description": words[method["id"]]} for method in super().get_reauthentication_methods(user)]

    # Signing up

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return Agreement.objects.current() is not None

    # Where from, where to

    def get_client_ip(self, request: HttpRequest) -> str:
        return origin.client_address(request) or "0.0.0.0"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def is_ajax(self, request: HttpRequest) -> bool:
        return False  # pages answer pages

    # Words and mails

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Only what is said in so many words; allauth's own templates of messages are not ours."""
        if message:
            messages.add_message(request, level, message, extra_tags=extra_tags)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return settings.SITE_URL + reverse("account_confirm_email", args=[emailconfirmation.key])

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, _dash, token = key.partition("-")
        return settings.SITE_URL + reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})

    def send_account_already_exists_mail(self, email: str) -> None:
        holder = User.objects.with_email(email).first()
        reset = settings.SITE_URL + reverse("account_reset_password")
        self.send_mail("account/email/account_already_exists", email, {"user": holder, "password_reset_url": reset})

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        if user.is_active:
            super().send_notification_mail(template_prefix, user, {"user": user} | (context or {}), user.email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """`<prefix>.txt`: the subject in its first line, in the language of whom it goes to."""
        person = context.get("user")
        with translation.override(getattr(person, "language", "") or translation.get_language()):
            text = render_to_string(f"{template_prefix}.txt", context | {"site_url": settings.SITE_URL})
            subject, _line, body = text.strip().partition("\n")
            EmailMessage(subject.strip(), body.strip() + "\n", to=[email]).send()


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": _(
            "You need a second factor, and this is your last one. Add another first, then remove this one."
        ),
        "cannot_generate_recovery_codes": _("Recovery codes belong to a second factor. Set one up first."),
        "incorrect_code": WRONG_CODE,
        "unverified_email": _("Confirm your e-mail address first: follow the link in the mail we sent."),
    }

    def encrypt(self, text: str) -> str:
        sealed = crypto.encrypt(text, secret=settings.ENCRYPTION_KEY, owner=OWNER)
        return base64.b64encode(sealed).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.decrypt(base64.b64decode(encrypted_text), secret=settings.ENCRYPTION_KEY, owner=OWNER)

    def build_totp_svg(self, url: str) -> SafeString:
        drawn = super().build_totp_svg(url)
        return mark_safe(drawn[drawn.index("<svg") :])  # our own drawing; the text is in its squares only

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = second_factor.factors(authenticator.user).exclude(pk=authenticator.pk)
        return others.exists() or not second_factor.is_required(authenticator.user)

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002 (its name there)
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Security key %(number)s") % {"number": number}

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": second_factor.key_host(), "name": settings.MFA_TOTP_ISSUER}
