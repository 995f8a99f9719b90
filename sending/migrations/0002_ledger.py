"""The ledger's tables, which Django's own operations cannot partition."""

from django.db import migrations

LEDGER = """
CREATE TABLE sending_message (
    id            bigint      NOT NULL PRIMARY KEY,
    enterprise_id bigint      NOT NULL,
    job_id        bigint      NOT NULL,
    row           integer     NOT NULL,
    number        text        NOT NULL DEFAULT '',
    raw           text        NOT NULL DEFAULT '',
    values        text[]      NOT NULL DEFAULT '{}',
    country       varchar(2)  NOT NULL DEFAULT '',
    repairs       smallint    NOT NULL DEFAULT 0,
    segments      smallint    NOT NULL DEFAULT 0,
    state         smallint    NOT NULL,
    code          text        NOT NULL DEFAULT '',
    detail        text        NOT NULL DEFAULT '',
    attempt       integer     NOT NULL DEFAULT 0, -- only grows: with the owner it fences every answer
    refusals      smallint    NOT NULL DEFAULT 0, -- of those that count against the message
    owner         uuid,
    carrier_id    bigint,
    ext_id        text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    not_before    timestamptz,
    submitted_at  timestamptz,
    settled_at    timestamptz,
    CONSTRAINT message_state_known CHECK (state BETWEEN 0 AND 9),
    -- Nothing may loop for ever: a message that keeps being refused is given up.
    CONSTRAINT message_refusals_capped CHECK (refusals <= 20),
    CONSTRAINT message_submitting_has_owner CHECK (state <> 1 OR (owner IS NOT NULL AND carrier_id IS NOT NULL)),
    CONSTRAINT message_invalid_has_problem CHECK (state <> 9 OR code <> ''),
    CONSTRAINT message_sendable_has_number CHECK (state = 9 OR number <> '')
) PARTITION BY RANGE (id);
-- Claims (state 0), reaping (1), sweeps (7) and the filters of a job's rows all go this way.
CREATE INDEX message_by_state ON sending_message (state, id);
CREATE INDEX message_by_ext_id ON sending_message (ext_id) WHERE ext_id IS NOT NULL;

CREATE TABLE sending_messagepart (
    message_id bigint   NOT NULL,
    part       smallint NOT NULL,
    carrier_id bigint   NOT NULL,
    ext_id     text     NOT NULL,
    state      smallint NOT NULL,
    code       text     NOT NULL DEFAULT '',
    PRIMARY KEY (message_id, part)
) PARTITION BY RANGE (message_id);
CREATE INDEX messagepart_by_ext_id ON sending_messagepart (ext_id);

CREATE SEQUENCE sending_job_block;
CREATE SEQUENCE sending_inboundevent_id;
CREATE TABLE sending_inboundevent (
    month       date        NOT NULL,
    id          bigint      NOT NULL DEFAULT nextval('sending_inboundevent_id'),
    carrier_id  bigint      NOT NULL,
    kind        varchar(7)  NOT NULL CHECK (kind IN ('receipt', 'reply')),
    ext_id      text        NOT NULL DEFAULT '',
    state       smallint,
    code        text        NOT NULL DEFAULT '',
    number      text        NOT NULL DEFAULT '',
    reference   integer,
    digest      bytea       NOT NULL,
    raw         bytea       NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    applied_at  timestamptz,
    message_id  bigint,
    conflicting boolean     NOT NULL DEFAULT false,
    PRIMARY KEY (month, id)
) PARTITION BY RANGE (month);
-- A receipt that the carrier sends again is the same row; two honest replies "1" are two.
CREATE UNIQUE INDEX inboundevent_receipt_once ON sending_inboundevent (month, carrier_id, ext_id, digest)
    WHERE kind = 'receipt';
CREATE INDEX inboundevent_waiting ON sending_inboundevent (ext_id) WHERE applied_at IS NULL AND kind = 'receipt';
"""
UNDO = """
DROP TABLE sending_inboundevent; DROP SEQUENCE sending_inboundevent_id; DROP SEQUENCE sending_job_block;
DROP TABLE sending_messagepart; DROP TABLE sending_message;
"""


def first_partitions(apps, schema_editor):
    from sending import partitions

    partitions.ensure()


class Migration(migrations.Migration):
    dependencies = [("sending", "0001_initial")]
    operations = [
        migrations.RunSQL(LEDGER, UNDO),
        migrations.RunPython(first_partitions, migrations.RunPython.noop),
    ]
