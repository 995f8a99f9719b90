"""`manage.py blocklist add|remove|show`: numbers that may not be texted."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from accounts.models import Enterprise
from console.lib import phone
from console.lib.errors import NotAllowed
from sending import blocklist
from sending.models import BlocklistEntry, BlockSource


class Command(BaseCommand):
    help = "Keeps the list of numbers that may not be texted, of the platform or of one enterprise."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="put numbers on the list")
        add.add_argument("--source", choices=BlockSource.values, default=BlockSource.HAND.value)
        remove = verbs.add_parser("remove", help="take numbers off the list")
        for verb in (add, remove):
            verb.add_argument("--reason", default="", help="goes on record")
        for verb in (add, remove, verbs.add_parser("show", help="say why and since when a number is on the list")):
            verb.add_argument("numbers", nargs="+", metavar="NUMBER")
            verb.add_argument("--enterprise", help="name or id; without it the whole platform")

    def handle(self, *args: Any, **options: Any) -> None:
        enterprise = enterprise_of(options["enterprise"])
        for number in [normal(text) for text in options["numbers"]]:
            if options["verb"] == "add":
                source = BlockSource(options["source"])
                blocklist.add(number, by=None, source=source, enterprise=enterprise, reason=options["reason"])
            found = BlocklistEntry.objects.in_force().filter(number=number, enterprise=enterprise)
            if options["verb"] == "remove":
                self.remove(list(found), reason=options["reason"])
                continue
            for entry in found:
                words = f"{entry.get_source_display()} {entry.reason}".strip()
                self.stdout.write(f"{phone.mask(number)}  since {entry.created_at:%Y-%m-%d}  {words}")
            if not found:
                self.stdout.write(f"{phone.mask(number)}  not on the list")

    def remove(self, entries: list[BlocklistEntry], *, reason: str) -> None:
        try:
            for entry in entries:
                blocklist.remove(entry, by=None, reason=reason)
        except NotAllowed as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{len(entries)} removed")


def enterprise_of(given: str | None) -> Enterprise | None:
    if not given:
        return None
    match = Q(name=given) | (Q(pk=int(given)) if given.isdecimal() and len(given) < 18 else Q(pk=None))
    found = Enterprise.objects.filter(match).first()
    if found is None:
        raise CommandError(f"There is no enterprise with the name or id {given}.")
    return found


def normal(text: str) -> str:
    """E.164; of mainland China where nothing else is said."""
    found = phone.normalise(text, mainland=True)
    if isinstance(found, phone.Fault):
        found = phone.normalise(text, mainland=False)
    if isinstance(found, phone.Fault):
        raise CommandError(f"{text} is no mobile number: write 13800138000 or +447700900123.")
    return found.e164
