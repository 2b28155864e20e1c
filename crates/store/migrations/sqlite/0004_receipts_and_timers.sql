-- What the hub owes: words to senders, and things to do at an instant. And the traces of bad input, never its content.
create table receipts (
    ordinal integer primary key autoincrement,
    id text not null unique,
    recipient text not null,
    event text not null,
    data text not null,
    at integer not null,
    told integer not null default false
) strict;
create index receipts_untold on receipts (ordinal) where not told;

create table rejections (
    ordinal integer primary key autoincrement,
    body text not null
) strict;

create table timers (
    id text primary key,
    at integer not null,
    detention text not null
) strict;
create index timers_at on timers (at, id);
