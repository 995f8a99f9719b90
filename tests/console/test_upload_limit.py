"""A body that is larger than any upload may be is refused before it is read."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse


class Untouched(io.RawIOBase):
    """A body that complains when somebody reads it."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.django_db
@pytest.mark.parametrize("length", ["80000000", "5000000000", "many"])
def test_too_large(length: str) -> None:
    body: Any = {"wsgi.input": Untouched(), "CONTENT_LENGTH": length}
    answer = Client().generic("POST", reverse("job-new"), CONTENT_TYPE="multipart/form-data; boundary=x", **body)
    assert answer.status_code == 413 and "at most 50 MB" in answer.content.decode()
