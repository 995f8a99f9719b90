"""Doors to the domain, asked for by name (`console.lib.queue`). Each may be lost, doubled or late without harm."""

from celery import shared_task

from sending import counts, dispatch, due, exports, intake, partitions, recipient_lists, sweeper, texts


@shared_task(name="sending.read_upload", soft_time_limit=240, time_limit=270)
def read_upload(*, file_id: int) -> None:
    intake.read(file_id)


# A million rows take a minute; four million with their texts, the most a job has, many.
@shared_task(name="sending.make_export", soft_time_limit=3500, time_limit=3600)
def make_export(*, pk: int) -> None:
    exports.make(pk)


@shared_task(name="sending.make_list", soft_time_limit=1700, time_limit=1800)
def make_list(*, pk: int) -> None:
    recipient_lists.make(pk)


@shared_task(name="sending.withhold_rows")
def withhold_rows(*, job_id: int) -> None:
    dispatch.withhold_rows(job_id)


@shared_task(name="sending.withhold_file")
def withhold_file(*, file_id: int) -> None:
    dispatch.withhold_file(file_id)


@shared_task(name="sending.start_due_jobs")
def start_due_jobs() -> None:
    due.start_due_jobs()


@shared_task(name="sending.sweep")
def sweep() -> None:
    sweeper.sweep()


@shared_task(name="sending.sweep_hourly")
def sweep_hourly() -> None:
    sweeper.sweep_hourly()


@shared_task(name="sending.fold_counts")
def fold_counts() -> None:
    counts.fold()


@shared_task(name="sending.make_partitions")
def make_partitions() -> None:
    partitions.ensure_committed()


@shared_task(name="sending.verify_counts")
def verify_counts() -> None:
    counts.verify_recent()


@shared_task(name="sending.send_texts")
def send_texts() -> None:
    texts.send_waiting()
