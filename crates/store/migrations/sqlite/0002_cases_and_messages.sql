-- What is known of each detention, and what came in (see the PostgreSQL file of the same name).
create table cases (
    detention text primary key,
    version integer not null,
    body text not null
) strict;

create table messages (
    source text not null,
    id text not null,
    event text not null,
    detention text,
    received integer not null,
    digest text not null,
    outcome text not null,
    -- all but the payload; the columns above repeat what queries ask for
    body text not null,
    payload text,
    primary key (source, id)
) strict;
create index messages_id on messages (id);
create index messages_payload on messages (received, source, id) where payload is not null;

create table held_messages (
    detention text not null,
    source text not null,
    message_id text not null,
    primary key (detention, source, message_id)
) strict, without rowid;
create index held_messages_message on held_messages (source, message_id);
