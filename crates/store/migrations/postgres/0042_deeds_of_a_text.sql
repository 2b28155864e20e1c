-- Who wrote a text approves it in no draft: it may come again as another one. And what somebody writes meanwhile is not missed: deeds are
-- written one after the other, also by a program that does not take the lock itself, and each sees what was committed before it.
create or replace function deeds_four_eyes() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(1);
    if new.deed = 'approved' and current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'an approval has to see what was committed before it' using errcode = 'check_violation';
    end if;
    if new.deed = 'approved' and exists (
        select 1 from deeds d where d.by_whom = new.by_whom and (
            d.draft = new.draft and d.deed in ('drafted', 'edited', 'submitted') or d.law = new.law and d.deed in ('drafted', 'edited')
        )
    ) then
        raise exception 'an author approves nothing of a draft' using errcode = 'check_violation';
    end if;
    return new;
end $$;
drop trigger deeds_four_eyes on deeds;
create trigger deeds_four_eyes before insert on deeds for each row execute function deeds_four_eyes();
