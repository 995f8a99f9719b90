"""`manage.py carriers add|list|test|remove`: carriers are data, kept by administrators."""

import asyncio
import contextlib
import getpass
import json
import os
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from sending.carriers.links import make_link
from sending.carriers.port import Answer, Delivery, Link
from sending.models import Carrier, CountDelta, DeliveryCount
from sending.models.carrier import BindKind


class Command(BaseCommand):
    help = "Adds, lists, tests and removes carriers. Passwords are kept encrypted and never shown."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="add a carrier, or change the one of that name")
        add.add_argument("name", nargs="?")
        add.add_argument("--name", dest="named", help="the same as NAME")
        add.add_argument("--host", required=True)
        add.add_argument("--port", type=int, required=True)
        add.add_argument("--system-id", required=True)
        add.add_argument(
            "--password", help="better given as CARRIER_PASSWORD or typed: arguments can be seen by others"
        )
        add.add_argument("--system-type", default="")
        add.add_argument("--tls", action="store_true")
        add.add_argument("--bind", choices=BindKind.values, default=BindKind.TRANSCEIVER.value)
        add.add_argument("--window", type=int, default=50, help="parts unanswered at most (50)")
        add.add_argument("--rate", type=int, default=100, help="parts a second (100)")
        add.add_argument("--region", choices=["cn", "intl"], default="", help="serves only this region (both)")
        add.add_argument("--source", default="", help="sender address")
        add.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="see docs/carriers.md")
        add.add_argument("--disabled", action="store_true")
        verbs.add_parser("list", help="list carriers").add_argument("--json", action="store_true")
        for verb, text in (("test", "connect and sign in, then leave"), ("remove", "remove a carrier")):
            verbs.add_parser(verb, help=text).add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"do_{options['verb']}")(options)

    def do_add(self, options: dict[str, Any]) -> None:
        called = options["name"] or options["named"]
        if not called:
            raise CommandError("Give the carrier a name: manage.py carriers add NAME --host …")
        carrier = Carrier.objects.filter(name=called).first() or Carrier(name=called)
        for name in ("host", "port", "system_id", "system_type", "tls", "bind", "window", "rate", "region", "source"):
            setattr(carrier, name, options[name])
        carrier.enabled = not options["disabled"]
        carrier.options = dict(option_of(text) for text in options["option"])
        carrier.set_password(options["password"] or os.environ.get("CARRIER_PASSWORD") or ask_for_password())
        try:
            carrier.full_clean(exclude=["password"])
            make_link(carrier, Silent())
        except (ValidationError, ValueError, TypeError) as error:
            text = in_words(error) if isinstance(error, ValidationError) else str(error)
            raise CommandError(f"The carrier cannot be used so: {text}") from error
        carrier.save()
        self.stdout.write(f"{carrier.name}: saved. The gateway connects within seconds.")

    def do_list(self, options: dict[str, Any]) -> None:
        names = ("name", "host", "port", "system_id", "bind", "tls", "window", "rate", "region", "enabled", "options")
        rows = [
            {name: getattr(c, name) for name in names}
            | {"bound_since": c.bound_at.isoformat() if c.bound_at else None, "last_error": c.last_error}
            for c in Carrier.objects.order_by("name")
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2))
            return
        for row in rows:
            state = (
                "off" if not row["enabled"] else f"bound since {row['bound_since']}" if row["bound_since"] else "away"
            )
            self.stdout.write(
                f"{row['name']}: {row['system_id']}@{row['host']}:{row['port']} {row['bind']},"
                f" window {row['window']}, {row['rate']}/s, {state}"
            )

    def do_test(self, options: dict[str, Any]) -> None:
        carrier = self.find(options["name"])
        why = asyncio.run(try_to_bind(carrier))
        if why:
            raise CommandError(f"{carrier.name}: could not sign in: {why}")
        self.stdout.write(f"{carrier.name}: signed in and out again.")

    def do_remove(self, options: dict[str, Any]) -> None:
        carrier = self.find(options["name"])
        used = (DeliveryCount.objects, CountDelta.objects)
        if any(counts.filter(carrier_id=carrier.pk).exists() for counts in used):
            # Its receipts may come when it is added again, and its messages name it.
            Carrier.objects.filter(pk=carrier.pk).update(enabled=False, bound_at=None)
            self.stdout.write(f"{carrier.name}: switched off. What it was given stays on record.")
            return
        carrier.delete()
        self.stdout.write(f"{carrier.name}: removed.")

    def find(self, name: str) -> Carrier:
        carrier = Carrier.objects.filter(name=name).first()
        if carrier is None:
            raise CommandError(f"There is no carrier “{name}”. See: manage.py carriers list")
        return carrier


def ask_for_password() -> str:
    if not sys.stdin.isatty():
        raise CommandError("Give the password as CARRIER_PASSWORD or --password: there is no terminal to ask at.")
    return getpass.getpass()


def in_words(error: ValidationError) -> str:
    """Each field with what is wrong with it."""
    return "; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.message_dict.items())


def option_of(text: str) -> tuple[str, Any]:
    """NAME=VALUE, the value as JSON where it is JSON (numbers, lists, true), else as text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"--option wants NAME=VALUE, not “{text}”")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


class Silent:
    """A handler for a link on which nothing is sent; what comes in is left for the gateway."""

    def answered(self, key: int, part: int, answer: Answer) -> None:
        raise AssertionError("nothing was submitted")

    def delivered(self, link: Link, delivery: Delivery) -> None:
        link.acknowledge(delivery, ok=False)

    def up(self, link: Link) -> None:
        return

    def down(self, link: Link, why: str) -> None:
        return


async def try_to_bind(carrier: Carrier) -> str:
    """Empty when it worked, else why not."""
    link = make_link(carrier, Silent())
    running = asyncio.create_task(link.run())
    try:
        for _ in range(100):
            await asyncio.sleep(0.1)
            if link.bound or link.last_error:
                break
        return "" if link.bound else link.last_error or "no answer within 10 s"
    finally:
        await link.close()
        with contextlib.suppress(Exception):  # what ended the link is its last error already
            await running
