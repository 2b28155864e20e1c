-- What was done for the rules: who, what, when, why. Only added to; what a draft is now follows from it.
create table deeds (
    ordinal bigint generated always as identity primary key,
    draft bigint,
    deed text not null,
    by_whom text not null,
    law text references laws (version),
    body text not null
);

-- Whatever a program thinks: nobody approves a draft of which he is an author, and what was done stays done.
create function deeds_stay() returns trigger language plpgsql as $$
begin
    raise exception 'deeds are only added to' using errcode = 'check_violation';
end $$;
create trigger deeds_stay before update or delete on deeds for each row execute function deeds_stay();
create trigger deeds_all_stay before truncate on deeds for each statement execute function deeds_stay();

create function deeds_four_eyes() returns trigger language plpgsql as $$
begin
    if exists (select 1 from deeds d where d.draft = new.draft and d.by_whom = new.by_whom and d.deed in ('drafted', 'edited', 'submitted')) then
        raise exception 'an author approves nothing of a draft' using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger deeds_four_eyes before insert on deeds for each row when (new.deed = 'approved') execute function deeds_four_eyes();
