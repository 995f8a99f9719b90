"""What was sent in stays in all its facts: qualifications, signatures, and what a template is beside its text."""

from django.db import migrations

GUARD = """
UPDATE templates_app_signature SET legacy = false WHERE built_in;
UPDATE templates_app_signature SET counted_from = submitted_at, round = 1 WHERE submitted_at IS NOT NULL;
UPDATE templates_app_templateversion SET counted_from = submitted_at, round = 1 WHERE submitted_at IS NOT NULL;

CREATE OR REPLACE FUNCTION templates_app_signature_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.review_state <> 'draft' AND (
        (NEW.name, NEW.type, NEW.application_id, NEW.enterprise_id, NEW.source, NEW.source_title,
         NEW.involves_third_party, NEW.licence_id, NEW.letter_id, NEW.purpose, NEW.legacy)
        IS DISTINCT FROM
        (OLD.name, OLD.type, OLD.application_id, OLD.enterprise_id, OLD.source, OLD.source_title,
         OLD.involves_third_party, OLD.licence_id, OLD.letter_id, OLD.purpose, OLD.legacy)
        OR (OLD.qualification_id IS NOT NULL AND NEW.qualification_id IS DISTINCT FROM OLD.qualification_id)
    ) THEN
        RAISE EXCEPTION 'a submitted signature cannot be changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION templates_app_qualification_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.review_state <> 'draft' AND
        (NEW.enterprise_id, NEW.name, NEW.purpose, NEW.company, NEW.credit_code, NEW.certificate_kind,
         NEW.certificate_id, NEW.manager_kind, NEW.manager_name, NEW.manager_id, NEW.manager_number,
         NEW.manager_email, NEW.id_front_id, NEW.id_back_id, NEW.id_in_hand_id, NEW.letter_id, NEW.remark)
        IS DISTINCT FROM
        (OLD.enterprise_id, OLD.name, OLD.purpose, OLD.company, OLD.credit_code, OLD.certificate_kind,
         OLD.certificate_id, OLD.manager_kind, OLD.manager_name, OLD.manager_id, OLD.manager_number,
         OLD.manager_email, OLD.id_front_id, OLD.id_back_id, OLD.id_in_hand_id, OLD.letter_id, OLD.remark)
    THEN
        RAISE EXCEPTION 'a submitted qualification cannot be changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER qualification_frozen BEFORE UPDATE ON templates_app_qualification
    FOR EACH ROW EXECUTE FUNCTION templates_app_qualification_frozen();

-- The platform's own templates (no author) follow its settings.
CREATE FUNCTION templates_app_template_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.created_by_id IS NOT NULL AND
        (NEW.enterprise_id, NEW.application_id, NEW.signature_id, NEW.type, NEW.universal, NEW.brackets, NEW.countries)
        IS DISTINCT FROM
        (OLD.enterprise_id, OLD.application_id, OLD.signature_id, OLD.type, OLD.universal, OLD.brackets, OLD.countries)
        AND EXISTS (SELECT 1 FROM templates_app_templateversion WHERE template_id = OLD.id
            AND review_state IN ('waiting', 'in_review', 'returned', 'approved', 'disabled', 'inactive'))
    THEN
        RAISE EXCEPTION 'a submitted template cannot be changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER messagetemplate_frozen BEFORE UPDATE ON templates_app_messagetemplate
    FOR EACH ROW EXECUTE FUNCTION templates_app_template_frozen();
"""
UNDO = """
DROP TRIGGER messagetemplate_frozen ON templates_app_messagetemplate; DROP FUNCTION templates_app_template_frozen();
DROP TRIGGER qualification_frozen ON templates_app_qualification; DROP FUNCTION templates_app_qualification_frozen();
CREATE OR REPLACE FUNCTION templates_app_signature_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.review_state <> 'draft' AND (NEW.name, NEW.type, NEW.application_id, NEW.enterprise_id)
        IS DISTINCT FROM (OLD.name, OLD.type, OLD.application_id, OLD.enterprise_id) THEN
        RAISE EXCEPTION 'a submitted signature cannot be changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("templates_app", "0005_qualifications")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
