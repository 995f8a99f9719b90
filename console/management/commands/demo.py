"""`manage.py demo`: people, an application, an approved message, the demo carrier. Running it again changes nothing."""

from __future__ import annotations

import json
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import demo as people
from accounts import demo_joining as joining
from console.lib.errors import NotAllowed
from sending import demo as carriers
from templates_app import demo as messages
from templates_app import demo_desk


class Command(BaseCommand):
    help = "Load what the demo needs and print how to sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="answer with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            loaded = load()
        except NotAllowed as problem:
            raise CommandError(str(problem)) from problem
        if options["json"]:
            self.stdout.write(json.dumps(loaded, ensure_ascii=False))
            return
        self.stdout.write(f"Open {loaded['url']} and sign in (password {people.PASSWORD}):")
        for person in loaded["sign_ins"]:
            self.stdout.write(f"  {person['role']:<14} {person['email']}")
        self.stdout.write(f"Enterprise {loaded['enterprise']}, approved template {loaded['template']}.")


def address() -> str:
    """Where the running console serves; where it would, when none runs."""
    noted = settings.VAR_DIR / "web.address"
    if "PORT" not in os.environ and noted.exists():
        return noted.read_text()
    return f"http://127.0.0.1:{settings.PORT}"


@transaction.atomic
def load() -> dict[str, Any]:
    """Make what is missing; what scripts and people need to begin."""
    made = people.people_and_application()
    joining.joined(made["enterprise"], made["other"], made)
    signature, template = messages.signature_and_template(made["enterprise"], made["application"], made)
    demo_desk.waiting(made, signature)
    joining.contact(made["enterprise"])
    carriers.carrier()
    application = made["application"]
    return {
        "url": f"{address()}/",
        "sign_ins": [
            {"email": person["email"], "password": people.PASSWORD, "role": person["role"]}
            for person in people.sign_ins()
        ],
        "enterprise": made["enterprise"].name,
        "template": template.name,
        "application": {"key": application.key, "secret": application.reveal_secret()},
    }
