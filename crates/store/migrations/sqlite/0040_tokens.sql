-- Bearer tokens of participants that came while the hub ran (see the PostgreSQL file of the same name).
create table tokens (
    digest text primary key,
    participant text not null,
    given_at integer not null,
    given_by text not null
) strict, without rowid;
