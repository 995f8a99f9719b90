"""The people of the tests, to import into a conftest.

alice sends, victor may only look, bob reviews, carol administers, mallory is of another enterprise;
`sign_in(person)` gives a client of their own.
"""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Role
from tests import make


@pytest.fixture
def alice(db):
    return make.user(role=Role.OPERATOR, name="Alice Wu", email="alice@example.com", language="en")


@pytest.fixture
def victor(alice):
    return make.user(role=Role.VIEWER, of=alice.enterprise, name="Victor Xu", language="en")


@pytest.fixture
def bob(db):
    return make.user(role=Role.REVIEWER, name="Bob Ma", language="en")


@pytest.fixture
def carol(db):
    return make.user(role=Role.ADMINISTRATOR, name="Carol Li", language="en")


@pytest.fixture
def mallory(db):
    return make.user(role=Role.OWNER, name="Mallory Qi", language="en")


@pytest.fixture
def sign_in():
    def as_person(person):
        client = Client()
        client.force_login(person)
        return client

    return as_person
