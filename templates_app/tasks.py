"""Doors to the domain, asked for by name. Each may be lost, doubled or late without harm."""

from celery import shared_task

from templates_app import dormancy, qualification_papers, trial_kit
from templates_app.batch import imports


@shared_task(name="templates_app.disable_ended")
def disable_ended() -> None:
    trial_kit.disable_ended()


@shared_task(name="templates_app.forget_unsent_papers")
def forget_unsent_papers() -> None:
    qualification_papers.forget_unsent()


@shared_task(name="templates_app.let_sleep")
def let_sleep() -> None:
    dormancy.let_sleep()


@shared_task(name="templates_app.run_import")
def run_import(import_id: int) -> None:
    imports.run(import_id)


@shared_task(name="templates_app.tidy_imports")
def tidy_imports() -> None:
    imports.tidy()
