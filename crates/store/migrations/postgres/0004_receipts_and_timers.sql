-- What the hub owes: words to senders, and things to do at an instant. And the traces of bad input, never its content.
create table receipts (
    ordinal bigint generated always as identity primary key,
    id text not null unique,
    recipient text not null,
    event text not null,
    data text not null,
    at bigint not null,
    told boolean not null default false
);
create index receipts_untold on receipts (ordinal) where not told;

create table rejections (
    ordinal bigint generated always as identity primary key,
    body text not null
);

create table timers (
    id text primary key,
    at bigint not null,
    detention text not null
);
create index timers_at on timers (at, id);
