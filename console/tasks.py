"""The workers' own sign of life."""

from celery import shared_task

from console.beat import pulse as note


@shared_task(name="console.pulse")
def pulse(*, name: str) -> None:
    note(name)
