"""The table of the cache (setting CACHES), as `manage.py createcachetable` makes it."""

from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(
            sql="""
                CREATE TABLE console_cache (
                    cache_key varchar(255) NOT NULL PRIMARY KEY,
                    value text NOT NULL,
                    expires timestamp with time zone NOT NULL
                );
                CREATE INDEX console_cache_expires ON console_cache (expires);
            """,
            reverse_sql="DROP TABLE console_cache;",
        )
    ]
