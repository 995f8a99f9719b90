"""Audit entries with origin, before and after, chained by the database at commit, and out of the application's reach.

Why the chain is written in two steps: whoever writes a link holds the chain's lock until the commit is through. Deferred
foreign keys are checked at commit too, and may wait for somebody's row lock. Were the lock taken before those checks, two
transactions could wait for each other. So an entry's deferred trigger only puts itself at the end of the queue once
more, by a row in accounts_auditturn, whose own deferred trigger runs when everything else of the commit is done. It
links all entries of the transaction, and takes the locks of several chains in one order.

Existing entries are linked in the order of their ids.
"""

from django.db import migrations, models

CHAIN = """
CREATE FUNCTION accounts_audit_canonical(e accounts_auditentry) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_array(
        e.id, e.enterprise_id, (extract(epoch FROM e.at) * 1000000)::bigint, e.by_id, e.origin::text, e.verb,
        e.object_id, e.label, e.detail, e.before, e.after
    )::text
$$;

-- Links what is not linked yet from `from_id` on. All that is committed is linked, so these are our own.
CREATE FUNCTION accounts_audit_link(from_id bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    turn record;
    now_in bigint;
    at_seq bigint;
    at_hash bytea;
BEGIN
    FOR turn IN
        SELECT DISTINCT hashtextextended('accounts_audit:' || coalesce(e.enterprise_id, 0), 0) AS key
        FROM accounts_auditentry e
        WHERE e.id >= from_id AND NOT EXISTS (SELECT FROM accounts_auditlink l WHERE l.entry_id = e.id)
        ORDER BY 1
    LOOP
        PERFORM pg_advisory_xact_lock(turn.key);
    END LOOP;
    FOR turn IN
        SELECT coalesce(e.enterprise_id, 0) AS chain, e.id, accounts_audit_canonical(e) AS canonical
        FROM accounts_auditentry e
        WHERE e.id >= from_id AND NOT EXISTS (SELECT FROM accounts_auditlink l WHERE l.entry_id = e.id)
        ORDER BY 1, 2
    LOOP
        IF now_in IS DISTINCT FROM turn.chain THEN
            now_in := turn.chain;
            SELECT l.seq, l.hash INTO at_seq, at_hash
            FROM accounts_auditlink l WHERE l.chain = now_in ORDER BY l.seq DESC LIMIT 1;
            IF NOT FOUND THEN
                at_seq := 0;
                at_hash := '';
            END IF;
        END IF;
        at_seq := at_seq + 1;
        at_hash := sha256(at_hash || convert_to(turn.canonical, 'UTF8'));
        INSERT INTO accounts_auditlink (entry_id, chain, seq, hash) VALUES (turn.id, now_in, at_seq, at_hash);
    END LOOP;
END $$;

-- Always empty to others: a row lives from an entry's trigger to its own, both within one commit.
CREATE UNLOGGED TABLE accounts_auditturn (from_id bigint PRIMARY KEY);

CREATE FUNCTION accounts_audit_queue() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    queued text := current_setting('accounts.audit_turn', true);
BEGIN
    IF coalesce(queued, '') = '' OR NEW.id < queued::bigint THEN
        PERFORM set_config('accounts.audit_turn', NEW.id::text, true);
        INSERT INTO accounts_auditturn (from_id) VALUES (NEW.id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION accounts_audit_turn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM set_config('accounts.audit_turn', '', true);
    DELETE FROM accounts_auditturn WHERE from_id = NEW.from_id;
    PERFORM accounts_audit_link(NEW.from_id);
    RETURN NULL;
END $$;

SELECT accounts_audit_link(0);

CREATE CONSTRAINT TRIGGER auditentry_chained AFTER INSERT ON accounts_auditentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION accounts_audit_queue();
CREATE CONSTRAINT TRIGGER auditturn_taken AFTER INSERT ON accounts_auditturn
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION accounts_audit_turn();
CREATE TRIGGER auditlink_append_only BEFORE UPDATE OR DELETE ON accounts_auditlink
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_append_only();
CREATE TRIGGER auditseal_append_only BEFORE UPDATE OR DELETE ON accounts_auditseal
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_append_only();

-- Of the owner too; superusers pass, and are held by the triggers.
REVOKE UPDATE, DELETE, TRUNCATE ON accounts_auditentry, accounts_auditlink, accounts_auditseal FROM CURRENT_USER, PUBLIC;
-- Removing a person or an enterprise without entries locks the referring rows, of which there are none; to be allowed to
-- lock takes the right to change one column. Changing it is refused by the trigger.
GRANT UPDATE (id) ON accounts_auditentry TO CURRENT_USER;
"""
UNDO = """
REVOKE UPDATE (id) ON accounts_auditentry FROM CURRENT_USER;
GRANT UPDATE, DELETE, TRUNCATE ON accounts_auditentry, accounts_auditlink, accounts_auditseal TO CURRENT_USER;
DROP TRIGGER auditseal_append_only ON accounts_auditseal;
DROP TRIGGER auditlink_append_only ON accounts_auditlink;
DROP TRIGGER auditentry_chained ON accounts_auditentry;
DROP TABLE accounts_auditturn;
DROP FUNCTION accounts_audit_turn();
DROP FUNCTION accounts_audit_queue();
DROP FUNCTION accounts_audit_link(bigint);
DROP FUNCTION accounts_audit_canonical(accounts_auditentry);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_joining")]
    operations = [
        migrations.AddField(model_name="auditentry", name="origin", field=models.GenericIPAddressField(null=True)),
        migrations.AddField(model_name="auditentry", name="label", field=models.CharField(blank=True, max_length=200)),
        migrations.AddField(model_name="auditentry", name="before", field=models.JSONField(default=dict)),
        migrations.AddField(model_name="auditentry", name="after", field=models.JSONField(default=dict)),
        migrations.CreateModel(
            name="AuditLink",
            fields=[
                ("entry_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("chain", models.BigIntegerField()),
                ("seq", models.BigIntegerField()),
                ("hash", models.BinaryField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("chain", "seq"), name="audit_link_place_once")],
            },
        ),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("chain", models.BigIntegerField()),
                ("seq", models.BigIntegerField()),
                ("hash", models.BinaryField()),
                ("mac", models.BinaryField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("chain", "seq"), name="audit_seal_place_once")],
            },
        ),
        migrations.RunSQL(CHAIN, UNDO),
    ]
