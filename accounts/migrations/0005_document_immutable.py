"""A document is never changed once it is stored: a reviewer's decision rests on what was seen."""

from django.db import migrations

GUARD = """
CREATE FUNCTION accounts_document_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'stored documents cannot be changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER document_immutable BEFORE UPDATE ON accounts_document
    FOR EACH ROW EXECUTE FUNCTION accounts_document_immutable();
"""
UNDO = """
DROP TRIGGER document_immutable ON accounts_document; DROP FUNCTION accounts_document_immutable();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_audit_chain")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
