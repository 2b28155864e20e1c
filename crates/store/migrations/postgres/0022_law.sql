-- Which rules and which catalogue were applied when: an answer about an instant is given by the law of that instant.
create table laws (
    version text primary key,
    body text not null
);
create table law_applications (
    ordinal bigint generated always as identity primary key,
    at bigint not null,
    version text not null references laws (version)
);
