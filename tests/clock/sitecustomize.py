"""Loaded by every process of a stack that was started with a clock (`tests.processes.Stack.set_clock`).

What Django takes for now is moved by as many seconds as the file says, so that a journey lives through a weekend in
minutes. The database's clock stays, as it counts leases and rates.
"""

import os
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

_FILE = Path(os.environ["TEST_CLOCK"])
_true_now = timezone.now


def _now() -> datetime:
    return _true_now() + timedelta(seconds=float(_FILE.read_text()))


timezone.now = _now
