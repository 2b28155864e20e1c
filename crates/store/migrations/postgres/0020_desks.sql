-- Registers are entered by people, and people look at cases: by whom an entry was made, who is or was in which prison (so that a list
-- of visits need not read every case), and who looked at what. An entry without a name came from a file.
alter table register_entries add column entered_by text;

create table stays (
    prison text not null,
    detention text not null,
    primary key (prison, detention)
);
insert into stays (prison, detention)
select distinct fact -> 'value' ->> 'prison', c.detention
from cases c, jsonb_array_elements(c.body::jsonb -> 'facts') fact
where fact -> 'value' ->> 'prison' is not null;

create table accesses (
    ordinal bigint generated always as identity primary key,
    detention text not null,
    body text not null
);
create index accesses_detention on accesses (detention, ordinal);
