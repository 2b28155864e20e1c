-- Messages that came again, while work on them goes on: what is left here was at work when a process died.
create table suspects (
    digest text primary key,
    together integer not null,
    alone integer not null
) strict;
