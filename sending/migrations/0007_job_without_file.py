from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("sending", "0006_files_of_jobs")]

    operations = [
        migrations.RemoveConstraint(
            model_name="sendjob",
            name="sendjob_unreadable_with_fault",
        ),
        migrations.RemoveField(
            model_name="sendjob",
            name="fault",
        ),
        migrations.RemoveField(
            model_name="sendjob",
            name="file",
        ),
        migrations.RemoveField(
            model_name="sendjob",
            name="file_name",
        ),
        migrations.RemoveField(
            model_name="sendjob",
            name="file_size",
        ),
        migrations.RemoveField(
            model_name="sendjob",
            name="read_attempts",
        ),
        migrations.RemoveField(
            model_name="sendjob",
            name="reader",
        ),
        migrations.RemoveField(
            model_name="sendjob",
            name="reader_until",
        ),
        migrations.RemoveField(
            model_name="sendjob",
            name="rows_expected",
        ),
        migrations.RemoveField(
            model_name="sendjob",
            name="rows_read",
        ),
        migrations.RemoveField(
            model_name="sendjob",
            name="summary",
        ),
        migrations.RemoveField(
            model_name="sendjob",
            name="wanted_columns",
        ),
    ]
