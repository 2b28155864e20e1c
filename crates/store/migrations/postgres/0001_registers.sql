-- The registers and their epoch. Every intake and every claim locks the one row of `hub` for sharing, so that a change of
-- a register waits for what runs and is seen by all that comes after.
create table hub (
    only_row boolean primary key default true check (only_row),
    epoch bigint not null
);
insert into hub (epoch) values (0);

create table register_entries (
    ordinal bigint generated always as identity primary key,
    body text not null
);

-- One row per recipient: the head of its own running number, which has no gaps because it is raised in the claim itself.
create table recipients (
    participant text primary key,
    head bigint not null default 0,
    -- fetches over HTTP, so it has no inbox on the bus
    pulls boolean not null default false
);
