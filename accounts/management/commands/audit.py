"""`manage.py audit verify|seal`: whether the record of deeds is what was written, entry by entry."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import audit_chain
from accounts.models import Enterprise

PLATFORM = ("0", "platform")


class Command(BaseCommand):
    help = "Verifies the audit chains (exit 1 when one is broken), or seals them now instead of within the hour."

    def add_arguments(self, parser: CommandParser) -> None:
        deeds = parser.add_subparsers(dest="deed", required=True)
        verify = deeds.add_parser("verify", help="compute all hashes and seals anew; name the first broken entry")
        verify.add_argument(
            "--enterprise", metavar="ID|NAME", help="only this one's chain; “platform” for the platform's"
        )
        verify.add_argument("--json", action="store_true", help="answer with one JSON object")
        deeds.add_parser("seal", help="seal every chain that has grown since its last seal")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["deed"] == "seal":
            self.stdout.write(f"{audit_chain.seal()} chains sealed.")
            return
        began = time.monotonic()
        result = audit_chain.verify(chain_of(options["enterprise"]))
        seconds = time.monotonic() - began
        if options["json"]:
            answer = result.as_dict() | {"seconds": round(seconds, 3)}
            self.stdout.write(json.dumps(answer, ensure_ascii=False, default=str))
        elif not result.faults:
            self.stdout.write(
                f"{result.entries:,} entries and {result.seals:,} seals are what was written ({seconds:.1f} s)."
            )
        if result.faults:
            raise CommandError("\n".join(fault.said for fault in result.faults))


def chain_of(named: str | None) -> int | None:
    """The chain of an enterprise by id or name, an id before a name like it; None for all."""
    if named is None or named in PLATFORM:
        return None if named is None else 0
    if named.isdecimal() and Enterprise.objects.filter(pk=int(named)).exists():
        return int(named)
    found = list(Enterprise.objects.filter(name=named).order_by("pk").values_list("pk", flat=True))
    if not found:
        raise CommandError(f"There is no enterprise “{named}”.")
    if len(found) > 1:
        raise CommandError(f"Several are called “{named}”; name one by its number: {', '.join(map(str, found))}.")
    return found[0]
