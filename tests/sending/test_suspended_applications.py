"""Nothing of a suspended application is sent, from the moment on, until it is resumed."""

import pytest

from accounts import applications
from accounts.models import Role
from accounts.models.application import ApplicationState
from sending import dispatch
from sending.sendable import obstacle
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make.user(role=Role.OWNER)


def waiting():
    return {job.id for job in dispatch.waiting_jobs()}


def test_nothing_of_it_is_claimed_until_it_is_resumed(owner):
    stopped, running = make.job(by=owner), make.job(by=owner)
    assert waiting() == {stopped.pk, running.pk}
    applications.suspend(stopped.application, by=owner, reason="Key on a lost laptop")
    assert waiting() == {running.pk}
    assert "Key on a lost laptop" in obstacle(stopped) and not obstacle(running)
    applications.resume(stopped.application, by=owner)
    assert waiting() == {stopped.pk, running.pk}


def test_by_the_platform_too(owner):
    job = make.job(by=owner)
    applications.suspend(job.application, by=make.user(role=Role.ADMINISTRATOR), reason="Complaints")
    assert waiting() == set()


@pytest.mark.parametrize("state", [ApplicationState.CREATED, ApplicationState.PROCESSING])
def test_one_that_is_not_launched_sends_nothing(owner, state):
    job = make.job(by=owner)
    type(job.application).objects.filter(pk=job.application_id).update(state=state)
    assert waiting() == set()
    assert "not launched yet" in obstacle(job)
