-- The registers and their epoch (see the PostgreSQL file of the same name; SQLite has one writer, so nothing is locked).
create table hub (
    only_row integer primary key default 1 check (only_row = 1),
    epoch integer not null
) strict;
insert into hub (epoch) values (0);

create table register_entries (
    ordinal integer primary key autoincrement,
    body text not null
) strict;

create table recipients (
    participant text primary key,
    head integer not null default 0,
    pulls integer not null default 0
) strict, without rowid;
