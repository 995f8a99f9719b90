"""A published version of the service agreement, and who accepted it, never change: the database refuses it."""

from django.db import migrations

GUARD = """
CREATE FUNCTION accounts_agreement_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'accounts_acceptance' THEN
        RAISE EXCEPTION 'acceptances cannot be changed or removed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'a published agreement cannot be changed or removed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER agreement_is_frozen BEFORE UPDATE OR DELETE ON accounts_agreement
    FOR EACH ROW EXECUTE FUNCTION accounts_agreement_is_frozen();
CREATE TRIGGER acceptance_is_frozen BEFORE UPDATE OR DELETE ON accounts_acceptance
    FOR EACH ROW EXECUTE FUNCTION accounts_agreement_is_frozen();
"""
UNDO = """
DROP TRIGGER agreement_is_frozen ON accounts_agreement;
DROP TRIGGER acceptance_is_frozen ON accounts_acceptance;
DROP FUNCTION accounts_agreement_is_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_own_number_codes")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
