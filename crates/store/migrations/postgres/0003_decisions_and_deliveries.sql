-- Why, and what became of it. A lane is a detention and a recipient; the column `lane` is the detention, or empty without one,
-- because `is not distinct from` uses no index. Order within a lane: lane_sequence, then the order of recording.
create table decisions (
    ordinal bigint generated always as identity primary key,
    source text not null,
    message_id text not null,
    detention text,
    recipient text not null,
    body text not null
);
create index decisions_message on decisions (source, message_id);
create index decisions_detention on decisions (detention, recipient);

create table deliveries (
    ordinal bigint generated always as identity primary key,
    id text not null unique,
    source text not null,
    message_id text not null,
    revision bigint not null,
    event text not null,
    detention text,
    lane text not null,
    recipient text not null,
    kind text not null,
    on_behalf_of text,
    relations text not null,
    lane_sequence bigint not null,
    by_consent boolean not null,
    decision text not null,
    stamp text not null,
    stage text not null,
    stage_detail text not null,
    is_open boolean not null check (is_open = (stage in ('waiting', 'claimed', 'blocked'))),
    -- a waiting one may be claimed from then on; a claimed one is uncertain from then on
    due bigint check ((due is not null) = (stage in ('waiting', 'claimed'))),
    claimed_at bigint check ((claimed_at is not null) = (stage = 'claimed')),
    number bigint,
    bytes bytea,
    -- a delivery without its message could never be claimed
    foreign key (source, message_id) references messages (source, id)
);
-- heads of lanes, and who stands before a delivery
create index deliveries_lane on deliveries (recipient, lane, lane_sequence, ordinal) where is_open;
-- what is due, recipient by recipient; the stage lets what is under way be counted from the index alone
create index deliveries_due on deliveries (recipient, due, ordinal, stage) where due is not null;
-- running numbers, for a fetch
create unique index deliveries_number on deliveries (recipient, number) where number is not null;
-- what a fetch confirms by its cursor
create index deliveries_unconfirmed on deliveries (recipient, number) where stage in ('claimed', 'handed-over');
-- all of a case, all of a message
create index deliveries_detention on deliveries (detention);
create index deliveries_message on deliveries (source, message_id);
