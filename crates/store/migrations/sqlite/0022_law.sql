-- Which law was applied when (see the PostgreSQL file of the same name).
create table laws (
    version text primary key,
    body text not null
) strict, without rowid;
create table law_applications (
    ordinal integer primary key autoincrement,
    at integer not null,
    version text not null references laws (version)
) strict;
