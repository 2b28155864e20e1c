-- Bearer tokens of participants that came while the hub ran. Only the SHA-256 is kept: what opens the door stands nowhere.
create table tokens (
    digest text primary key,
    participant text not null,
    given_at bigint not null,
    given_by text not null
);
