"""`manage.py staff add|list|remove|reset-second-factor`: the platform's reviewers and administrators.

The first one is made here, and here is the way back for an administrator who has lost everything and has no colleague.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts import invitations, people
from accounts.models import Invitation, Role, User
from accounts.models.person import STAFF_ROLES
from console.lib.errors import NotAllowed


class Command(BaseCommand):
    help = (
        "Invites, lists and removes the platform's own people, who belong to no enterprise;"
        " resets the second factor of anybody."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="invite somebody: prints a link, valid for 7 days, and mails it")
        add.add_argument("email", metavar="E-MAIL")
        add.add_argument("--role", choices=sorted(role.value for role in STAFF_ROLES), required=True)
        add.add_argument("--name", default="", help="proposed on the page of the link")
        listing = verbs.add_parser("list", help="list staff and open invitations")
        remove = verbs.add_parser("remove", help="end an account at once, or withdraw an invitation")
        remove.add_argument("email", metavar="E-MAIL")
        reset = verbs.add_parser(
            "reset-second-factor", help="let somebody in who has lost app, keys and codes; of an enterprise too"
        )
        reset.add_argument("email", metavar="E-MAIL")
        reset.add_argument("--reason", required=True, help="stays on record")
        for verb in (add, listing, remove, reset):
            verb.add_argument("--json", action="store_true", help="answer with one JSON value")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"do_{options['verb'].replace('-', '_')}")(options)
        except NotAllowed as problem:
            raise CommandError(str(problem)) from problem

    def do_add(self, options: dict[str, Any]) -> None:
        try:
            validate_email(options["email"])
        except ValidationError as problem:
            raise CommandError(f"{options['email']} is no e-mail address.") from problem
        if len(options["name"]) > 60:
            raise CommandError("A name has at most 60 characters.")
        made, link = invitations.invite(options["email"], Role(options["role"]), by=None, name=options["name"])
        answer = {"email": made.email, "role": made.role, "link": link, "valid_until": made.expires_at.isoformat()}
        until = f"{made.expires_at:%Y-%m-%d %H:%M} UTC"
        words = f"{link}\n{made.email} becomes {made.role} by this link. It works once, until {until}."
        self._say(options, answer, words)

    def do_list(self, options: dict[str, Any]) -> None:
        staff = User.objects.filter(role__in=STAFF_ROLES).present().order_by("email")
        waiting = Invitation.objects.filter(enterprise__isnull=True).open().order_by("email")
        rows = [
            {"email": row.email, "role": row.role, "name": row.name, "state": state}
            for found, state in ((staff, "active"), (waiting, "invited"))
            for row in found
        ]
        words = [f"{row['email']:<40} {row['role']:<14} {row['state']:<8} {row['name']}".rstrip() for row in rows]
        self._say(options, rows, "\n".join(words) or "Nobody yet: manage.py staff add E-MAIL --role administrator")

    def do_remove(self, options: dict[str, Any]) -> None:
        email = options["email"].strip().lower()
        person = User.objects.filter(email=email, role__in=STAFF_ROLES).present().first()
        invitation = Invitation.objects.unanswered().filter(email=email, enterprise__isnull=True).first()
        if person:
            people.remove(person, by=None)
            self._say(options, {"email": email, "state": "removed"}, f"{email} is removed and signed out everywhere.")
        elif invitation:
            invitations.withdraw(invitation, by=None)
            self._say(options, {"email": email, "state": "withdrawn"}, f"The invitation of {email} is withdrawn.")
        else:
            raise CommandError(f"Nobody of the staff has the address {email}.")

    def do_reset_second_factor(self, options: dict[str, Any]) -> None:
        email = options["email"].strip().lower()
        person = User.objects.filter(email=email).present().first()
        if person is None:
            raise CommandError(f"Nobody has the address {email}.")
        people.reset_second_factor(person, by=None, reason=options["reason"])
        words = f"The second factor of {email} is reset; they are signed out everywhere and told by mail."
        self._say(options, {"email": email, "state": "reset"}, words)

    def _say(self, options: dict[str, Any], answer: Any, words: str) -> None:
        self.stdout.write(json.dumps(answer, ensure_ascii=False) if options["json"] else words)
