-- Copies what a hub has written about a sample of messages: every number of the sample stands for one of each copy.
create function copied(what text, number integer, copy integer) returns text immutable language sql
    return replace(what, lpad(number::text, 8, '0'), lpad(($to + copy * $sample + number - $from)::text, 8, '0'));
create table numbers as select number from generate_series($from, $from + $sample - 1) number;
create table copies as select copy from generate_series(0, $copies - 1) copy;
insert into cases (detention, version, body)
    select copied(detention, number, copy), version, copied(body, number, copy)
    from (numbers join cases on detention like '%' || number) cross join copies;
-- what is older than the retention has no payload any more: one in twenty is younger
insert into messages (source, id, event, detention, received, digest, outcome, body, payload)
    select source, copied(id, number, copy), event, copied(detention, number, copy),
        case when copy % 20 = 0 then received else received - 864000000000 - copy * 1000000::bigint end, md5(digest || copy), outcome,
        copied(body, number, copy), case when copy % 20 = 0 then copied(payload, number, copy) end
    from (numbers join messages on id like '%' || number) cross join copies;
insert into decisions (source, message_id, detention, recipient, body)
    select source, copied(message_id, number, copy), copied(detention, number, copy), recipient, copied(body, number, copy)
    from (numbers join decisions on message_id like '%' || number) cross join copies;
insert into deliveries (id, source, message_id, revision, event, detention, recipient, kind, on_behalf_of, relations, lane_sequence,
        decision, stamp, bytes)
    select md5(id || copy)::uuid::text, source, copied(message_id, n.number, copy), revision, event, copied(detention, n.number, copy),
        recipient, kind, on_behalf_of, relations, lane_sequence, copied(decision, n.number, copy), stamp,
        case when copy % 20 = 0 then bytes end
    from (numbers n join deliveries d on message_id like '%' || n.number) cross join copies;
insert into stages (ordinal, recipient, lane, lane_sequence, by_consent, stage, stage_detail, is_open, due, claimed_at, number)
    select c.ordinal, s.recipient, copied(s.lane, n.number, copy), s.lane_sequence, s.by_consent, s.stage, s.stage_detail, s.is_open,
        s.due, s.claimed_at, s.number + (copy + 1) * $sample::bigint
    from (numbers n join deliveries d on message_id like '%' || n.number join stages s on s.ordinal = d.ordinal) cross join copies
        join deliveries c on c.id = md5(d.id || copy)::uuid::text;
insert into timers (id, at, detention)
    select copied(id, number, copy), at, copied(detention, number, copy)
    from (numbers join timers on detention like '%' || number) cross join copies;
insert into receipts (id, recipient, event, data, at, told)
    select md5(id || copy)::uuid::text, recipient, event, data, at, told from receipts cross join copies;
update recipients set head = (select coalesce(max(number), head) from stages where recipient = participant);
drop table numbers;
drop table copies;
drop function copied;
analyze;
checkpoint
