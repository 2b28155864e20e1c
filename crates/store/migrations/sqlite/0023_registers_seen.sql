-- Up to where the registers were looked at for cases that pass by them.
alter table hub add column seen_at integer;
alter table hub add column seen_entries integer;
