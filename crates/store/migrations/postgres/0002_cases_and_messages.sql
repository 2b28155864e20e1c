-- What is known of each detention, and what came in. Instants are whole microseconds since 1970 (UTC) in a bigint, so that both
-- databases hold the same number. JSON stands as text: the hub reads it whole, and jsonb refuses \u0000 in a payload that is lawful.
create table cases (
    detention text primary key,
    version bigint not null,
    body text not null
);

create table messages (
    source text not null,
    id text not null,
    event text not null,
    detention text,
    received bigint not null,
    digest text not null,
    outcome text not null,
    -- all but the payload; the columns above repeat what queries ask for
    body text not null,
    payload text,
    primary key (source, id)
);
-- a trace asks by the producer's id alone
create index messages_id on messages (id);
-- what may be forgotten
create index messages_payload on messages (received, source, id) where payload is not null;

-- Messages that a case holds back (parked, pending): kept beside the case so that forgetting need not read every case.
create table held_messages (
    detention text not null,
    source text not null,
    message_id text not null,
    primary key (detention, source, message_id)
);
create index held_messages_message on held_messages (source, message_id);
