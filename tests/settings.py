"""The product's settings, with what tests need otherwise. Embedded servers get a folder of their own."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("TEST_VAR_DIR", str(Path(tempfile.mkdtemp(prefix="console-test-")).resolve()))
# Tests that run side by side (pytest -n) have servers of their own each.
if (worker := os.environ.get("PYTEST_XDIST_WORKER", "")) and not os.environ["TEST_VAR_DIR"].endswith(worker):
    os.environ["TEST_VAR_DIR"] += f"-{worker}"
    Path(os.environ["TEST_VAR_DIR"]).mkdir(exist_ok=True)
os.environ["VAR_DIR"] = os.environ["TEST_VAR_DIR"]

from console.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; nothing here is secret
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}  # noqa: F405
WHITENOISE_AUTOREFRESH = True
