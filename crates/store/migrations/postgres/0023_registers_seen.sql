-- Up to where the registers were looked at for cases that pass by them.
alter table hub add column seen_at bigint;
alter table hub add column seen_entries bigint;
