-- Who wrote a text approves it in no draft: it may come again as another one. And `insert or replace` is no way to change a deed: it would
-- delete the one before without asking.
drop trigger deeds_four_eyes;
create trigger deeds_four_eyes before insert on deeds when new.deed = 'approved' and exists (
    select 1 from deeds d where d.by_whom = new.by_whom and (
        d.draft = new.draft and d.deed in ('drafted', 'edited', 'submitted') or d.law = new.law and d.deed in ('drafted', 'edited')
    )
) begin
    select raise(abort, 'an author approves nothing of a draft');
end;
create trigger deeds_are_not_replaced before insert on deeds when exists (select 1 from deeds d where d.ordinal = new.ordinal) begin
    select raise(abort, 'deeds are only added to');
end;
