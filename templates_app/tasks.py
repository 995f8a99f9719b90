"""Doors to the domain, asked for by name. Each may be lost, doubled or late without harm."""

from celery import shared_task

from templates_app import trial_kit


@shared_task(name="templates_app.disable_ended")
def disable_ended() -> None:
    trial_kit.disable_ended()
