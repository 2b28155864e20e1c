-- Who does which part of the work: intake queues, inboxes and duties are shared out between the processes of one hub. The epoch
-- rises whenever a lease changes hands; a transaction that works under an older one writes nothing.
create table leases (
    name text primary key,
    epoch bigint not null,
    holder text not null,
    run text not null,
    until bigint not null
);
