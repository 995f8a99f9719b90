"""Wiring of the product at the top (settings, urls, celery), a leaf library (`console.lib`) at the bottom.

The app `statistics` shares its name with a standard module. Its folder has no `__init__.py`, so `import statistics`
always finds the standard module; giving that module a path lets `statistics.models` load from the app.
"""

import statistics
from pathlib import Path

statistics.__path__ = [str(Path(__file__).resolve().parent.parent / "statistics")]

from console.celery import app as celery_app  # noqa: E402  tasks must find the application wherever Django is loaded

__all__ = ["celery_app"]
