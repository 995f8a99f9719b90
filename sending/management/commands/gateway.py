"""`manage.py gateway`: holds the carriers' connections until SIGTERM."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand

from sending.gateway import Gateway


class Command(BaseCommand):
    help = "Sends released messages to the carriers and takes in receipts and replies, until SIGTERM."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        async def main() -> None:
            await Gateway().run()

        asyncio.run(main())
