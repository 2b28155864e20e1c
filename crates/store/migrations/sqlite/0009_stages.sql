-- Where a delivery stands has a narrow table of its own. To hand one over rewrote its whole row, bytes and decision too, and eight
-- indexes. What a delivery is changes only when it is decided again.
create table stages (
    -- of the delivery
    ordinal integer primary key,
    recipient text not null,
    lane text not null,
    lane_sequence integer not null,
    by_consent integer not null,
    stage text not null,
    stage_detail text not null,
    is_open integer not null check (is_open = (stage in ('waiting', 'claimed', 'blocked'))),
    -- a waiting one may be claimed from then on; a claimed one is uncertain from then on
    due integer check ((due is not null) = (stage in ('waiting', 'claimed'))),
    claimed_at integer check ((claimed_at is not null) = (stage = 'claimed')),
    number integer
) strict;
insert into stages
    select ordinal, recipient, lane, lane_sequence, by_consent, stage, stage_detail, is_open, due, claimed_at, number from deliveries;
-- heads of lanes, and who stands before a delivery
create index stages_lane on stages (recipient, lane, lane_sequence, ordinal) where is_open;
-- what is due, recipient by recipient; the stage lets what is under way be counted from the index alone
create index stages_due on stages (recipient, due, ordinal, stage) where due is not null;
-- running numbers, for a fetch
create unique index stages_number on stages (recipient, number) where number is not null;
-- what a fetch confirms by its cursor
create index stages_unconfirmed on stages (recipient, number) where stage in ('claimed', 'handed-over');
-- whether something by consent is on its way to a partner: then nothing else by consent is claimed for it, by no process
create index stages_consent_claimed on stages (recipient) where by_consent and stage = 'claimed';

create table deliveries_without_stage (
    ordinal integer primary key autoincrement,
    id text not null unique,
    source text not null,
    message_id text not null,
    revision integer not null,
    event text not null,
    detention text,
    recipient text not null,
    kind text not null,
    on_behalf_of text,
    relations text not null,
    lane_sequence integer not null,
    decision text not null,
    stamp text not null,
    bytes blob
) strict;
insert into deliveries_without_stage
    select ordinal, id, source, message_id, revision, event, detention, recipient, kind, on_behalf_of, relations, lane_sequence, decision,
        stamp, bytes from deliveries;
drop table deliveries;
alter table deliveries_without_stage rename to deliveries;
-- all of a case, all of a message
create index deliveries_detention on deliveries (detention);
create index deliveries_message on deliveries (source, message_id);
