"""What was submitted is what is reviewed, and what was approved is what is sent: the words cannot change afterwards."""

from django.db import migrations

GUARD = """
CREATE FUNCTION templates_app_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.review_state <> 'draft' AND (NEW.text, NEW.variables, NEW.template_id, NEW.number, NEW.enterprise_id)
        IS DISTINCT FROM (OLD.text, OLD.variables, OLD.template_id, OLD.number, OLD.enterprise_id) THEN
        RAISE EXCEPTION 'a submitted template version cannot be changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER templateversion_frozen BEFORE UPDATE ON templates_app_templateversion
    FOR EACH ROW EXECUTE FUNCTION templates_app_version_frozen();
CREATE FUNCTION templates_app_signature_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.review_state <> 'draft' AND (NEW.name, NEW.type, NEW.application_id, NEW.enterprise_id)
        IS DISTINCT FROM (OLD.name, OLD.type, OLD.application_id, OLD.enterprise_id) THEN
        RAISE EXCEPTION 'a submitted signature cannot be changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER signature_frozen BEFORE UPDATE ON templates_app_signature
    FOR EACH ROW EXECUTE FUNCTION templates_app_signature_frozen();
"""
UNDO = """
DROP TRIGGER templateversion_frozen ON templates_app_templateversion; DROP FUNCTION templates_app_version_frozen();
DROP TRIGGER signature_frozen ON templates_app_signature; DROP FUNCTION templates_app_signature_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("templates_app", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
