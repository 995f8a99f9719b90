"""Numbers on the blocklist are refused when a file is checked."""

import pytest

from sending import blocklist, counts, intake
from sending.intake import problems
from sending.intake.merged import summary_of
from sending.models import BlockSource, JobStatus, Message
from tests.console.sheets import files


@pytest.mark.django_db(transaction=True)
def test_rows_on_the_list_are_refused_by_the_check_and_the_figures_agree(tmp_path, job_of):
    blocklist.add("+8613800138000", by=None, source=BlockSource.COMPLAINT)
    blocklist.add("+8613800138002", by=None, source=BlockSource.REPLY)
    rows = [["mobile"], ["13800138000"], ["13800138001"], ["86 13800138002"], ["x"]]
    job = job_of(files.xlsx(tmp_path / "a", rows))
    intake.read(job.files.get().pk)
    job.refresh_from_db()
    assert job.status == JobStatus.CHECKED
    found = list(Message.objects.of_job(job).order_by("id").values_list("row", "state", "code", "raw"))
    assert found == [
        (2, 9, "blocklisted", "13800138000"),
        (3, 0, "", ""),
        (4, 9, "opted_out", "86 13800138002"),
        (5, 9, "letters", "x"),
    ]
    summary = summary_of(job.files.all())
    assert (summary["good"], summary["repaired"], summary["refused"], summary["segments_total"]) == (1, 0, 3, 1)
    assert {code: what["n"] for code, what in summary["problems"].items()} == {
        "letters": 1, "blocklisted": 1, "opted_out": 1
    }  # fmt: skip
    assert summary["repairs"] == {} and summary["segments"] == {"1": 1} and summary["countries"] == {"CN": 1}
    assert counts.verify(job) == {}


@pytest.mark.django_db
def test_the_sentence_says_since_when_and_why():
    say = problems.describe_problem
    assert say("blocklisted", "complaint:2020-09-03T01:00:00+00", []) == "on the blocklist since 3 Sep 2020 (Complaint)"
    assert say("opted_out", "reply:2020-09-03T01:00:00+00", []) == "refused messages by a reply on 3 Sep 2020"
