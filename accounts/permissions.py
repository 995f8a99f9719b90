"""Who may do what: the one place that says so. Pages, their htmx parts and the API all ask here.

A view declares its policy with `@policy("jobs.send")`. Whoever lacks the right gets 403; what belongs to another
enterprise is never found at all (404), because every query starts from the person.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.models import Role, User

TENANT = frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR, Role.VIEWER})
WRITERS = frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR})
STAFF = frozenset({Role.REVIEWER, Role.ADMINISTRATOR})
EVERYBODY = TENANT | STAFF
MANAGERS = frozenset({Role.OWNER, Role.ADMIN})
OWNER = frozenset({Role.OWNER})
ADMINISTRATORS = frozenset({Role.ADMINISTRATOR})

CAN: dict[str, frozenset[Role]] = {
    "overview.view": EVERYBODY,
    "account.own": EVERYBODY,
    "enterprise.view": TENANT,
    "enterprise.edit": MANAGERS,
    "verification.submit": MANAGERS,
    "agreement.read": TENANT,
    "people.view": TENANT,
    "people.edit": MANAGERS,
    "people.leave": TENANT,
    "ownership.transfer": OWNER,
    "contacts.view": TENANT,
    "contacts.edit": MANAGERS,
    "notices.view": TENANT,
    "requests.view": TENANT,
    "requests.edit": MANAGERS,
    "documents.view": TENANT | STAFF,
    "audit.view": MANAGERS | ADMINISTRATORS,
    "applications.view": TENANT,
    "applications.edit": WRITERS,
    "applications.secret": MANAGERS,
    "qualifications.view": TENANT,
    "qualifications.edit": MANAGERS,
    "qualifications.identity": MANAGERS | STAFF,
    "signatures.view": TENANT,
    "signatures.edit": WRITERS,
    "templates.view": TENANT,
    "templates.edit": WRITERS,
    "submissions.answer": WRITERS,
    "jobs.view": TENANT,
    "jobs.send": WRITERS,
    "lists.view": TENANT,
    "lists.edit": WRITERS,
    "numbers.full": MANAGERS,
    "messages.text": WRITERS,
    "reviews.decide": STAFF,
    "desk.view": STAFF,
    "desk.edit": ADMINISTRATORS,
    "words.view": STAFF,
    "words.edit": ADMINISTRATORS,
    "channels.edit": ADMINISTRATORS,
    "promise.view": STAFF,
    "promise.people": ADMINISTRATORS,
    "carriers.view": ADMINISTRATORS,
    "enterprises.view": ADMINISTRATORS,
    "enterprises.edit": ADMINISTRATORS,
    "staff.edit": ADMINISTRATORS,
    "agreements.edit": ADMINISTRATORS,
}

# Which roles one may give, change and take away. Whoever has another role may not be touched.
GRANTS: dict[Role, tuple[Role, ...]] = {
    Role.OWNER: (Role.OWNER, Role.ADMIN, Role.OPERATOR, Role.VIEWER),
    Role.ADMIN: (Role.ADMIN, Role.OPERATOR, Role.VIEWER),
    Role.ADMINISTRATOR: (Role.REVIEWER, Role.ADMINISTRATOR),
}


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in; what every view behind a policy gets."""

    user: User


def may(user: Any, action: str) -> bool:
    return user.is_authenticated and user.role in CAN[action]


def may_grant(user: User, role: str) -> bool:
    """Whether `user` may give `role` to somebody, or take it from somebody who has it."""
    return role in GRANTS.get(Role(user.role), ())


View = Callable[..., HttpResponse]


def policy(action: str) -> Callable[[View], View]:
    """The view is for people who may do `action`; names the policy on the view, so that a test can see it."""
    assert action in CAN, action

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: PersonRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not may(request.user, action):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.policy = action  # type: ignore[attr-defined]
        return guarded

    return wrap


def open_to_all(view: View) -> View:
    """No sign-in needed. The test of the URLs compares these with a literal list."""
    opened = login_not_required(view)
    opened.policy = "open"  # type: ignore[attr-defined]
    return opened
