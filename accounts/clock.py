"""Which calendar holds for reviews."""

from datetime import time
from zoneinfo import ZoneInfo

from django.conf import settings

from console.lib.workdays import Calendar


def calendar() -> Calendar:
    """The platform's: opening hours, zone and country of its reviewers."""
    kept = settings.REVIEW_CALENDAR
    return Calendar(
        zone=ZoneInfo(kept["zone"]),
        opens=time.fromisoformat(kept["opens"]),
        closes=time.fromisoformat(kept["closes"]),
        country=kept["country"],
    )
