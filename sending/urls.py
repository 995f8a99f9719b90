from django.urls import path

from sending.views import actions, carriers, files, job, jobs, new, outbox

urlpatterns = [
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/new/", new.job_new, name="job-new"),
    path("jobs/<int:pk>/", job.job, name="job"),
    path("jobs/<int:pk>/confirm/", actions.job_confirm, name="job-confirm"),
    path("jobs/<int:pk>/columns/", actions.job_columns, name="job-columns"),
    path("jobs/<int:pk>/pause/", actions.job_pause, name="job-pause"),
    path("jobs/<int:pk>/resume/", actions.job_resume, name="job-resume"),
    path("jobs/<int:pk>/stop/", actions.job_stop, name="job-stop"),
    path("jobs/<int:pk>/cancel/", actions.job_cancel, name="job-cancel"),
    path("jobs/<int:pk>/refused.xlsx", files.refused_file, name="job-refused-file"),
    path("templates/<int:version>/sample.xlsx", files.template_sample, name="template-sample"),
    path("carriers/", carriers.carriers, name="carriers"),
    path("demo/outbox/", outbox.outbox, name="demo-outbox"),
]
