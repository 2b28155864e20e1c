-- Registers are entered by people, and people look at cases (see the PostgreSQL file of the same name).
alter table register_entries add column entered_by text;

create table stays (
    prison text not null,
    detention text not null,
    primary key (prison, detention)
) strict, without rowid;
insert into stays (prison, detention)
select distinct json_extract(fact.value, '$.value.prison'), c.detention
from cases c, json_each(c.body, '$.facts') fact
where json_extract(fact.value, '$.value.prison') is not null;

create table accesses (
    ordinal integer primary key autoincrement,
    detention text not null,
    body text not null
) strict;
create index accesses_detention on accesses (detention, ordinal);
