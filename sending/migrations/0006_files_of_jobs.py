"""Each job's file gets a row of its own, and what was confirmed is released. Numbers are found by an index from now on."""

from django.db import migrations

FILES = """
INSERT INTO sending_jobfile (
    job_id, token, number, source, state, file, file_name, file_size, digest, wanted_columns, preview, summary, fault,
    first, total, rows_read, rows_expected, reader, reader_until, read_attempts, created_by_id, created_at, asked_at,
    checked_at, settled_by_id, settled_at
)
SELECT id, token, 1, 'file',
    CASE WHEN status = 'uploaded' THEN 'reading' WHEN status IN ('unreadable', 'checked') THEN status
        WHEN confirmed_by_id IS NULL THEN 'left_out' ELSE 'confirmed' END,
    file, file_name, file_size, '', wanted_columns, '{}', summary, fault,
    0, total, rows_read, rows_expected, reader, reader_until, read_attempts, created_by_id, created_at, created_at,
    checked_at, confirmed_by_id, coalesce(started_at, finished_at)
FROM sending_sendjob WHERE file <> '';
UPDATE sending_sendjob SET released = total WHERE status IN ('scheduled', 'sending', 'paused', 'done', 'stopped');
"""
NUMBERS = """
CREATE INDEX message_by_number ON sending_message (enterprise_id, number text_pattern_ops) WHERE number <> '';
"""


class Migration(migrations.Migration):
    dependencies = [("sending", "0005_files")]

    operations = [
        migrations.RunSQL(FILES, migrations.RunSQL.noop),
        migrations.RunSQL(NUMBERS, "DROP INDEX message_by_number"),
    ]
