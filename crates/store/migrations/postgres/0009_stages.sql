-- Where a delivery stands has a narrow table of its own. To hand one over rewrote its whole row, bytes and decision too, and eight
-- indexes. What a delivery is changes only when it is decided again.
create table stages (
    -- of the delivery
    ordinal bigint primary key,
    recipient text not null,
    lane text not null,
    lane_sequence bigint not null,
    by_consent boolean not null,
    stage text not null,
    stage_detail text not null,
    is_open boolean not null check (is_open = (stage in ('waiting', 'claimed', 'blocked'))),
    -- a waiting one may be claimed from then on; a claimed one is uncertain from then on
    due bigint check ((due is not null) = (stage in ('waiting', 'claimed'))),
    claimed_at bigint check ((claimed_at is not null) = (stage = 'claimed')),
    number bigint
);
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
-- the indexes on these columns go with them
alter table deliveries
    drop column lane, drop column by_consent, drop column stage, drop column stage_detail, drop column is_open, drop column due,
    drop column claimed_at, drop column number;
-- One index less for a message: the key begins with what a trace asks by.
drop index messages_id;
alter table messages drop constraint messages_pkey, add primary key (id, source);
drop index messages_payload;
create index messages_payload on messages (received) where payload is not null;
