-- What a message costs. Rows of some kilobytes stay as they are: compressing each took more processor time than writing it.
alter table messages set (toast_tuple_target = 8160);
alter table cases set (toast_tuple_target = 8160);
alter table decisions set (toast_tuple_target = 8160);
alter table deliveries set (toast_tuple_target = 8160);
-- A delivery and its message are written in one transaction, and messages are never deleted: asking about it again for each row
-- locks the message's row once more.
alter table deliveries drop constraint deliveries_source_message_id_fkey;
