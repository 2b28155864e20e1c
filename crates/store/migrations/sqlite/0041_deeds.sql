-- What was done for the rules: who, what, when, why. Only added to; what a draft is now follows from it.
create table deeds (
    ordinal integer primary key autoincrement,
    draft integer,
    deed text not null,
    by_whom text not null,
    law text references laws (version),
    body text not null
);

-- Whatever a program thinks: nobody approves a draft of which he is an author, and what was done stays done.
create trigger deeds_stay before update on deeds begin
    select raise(abort, 'deeds are only added to');
end;
create trigger deeds_all_stay before delete on deeds begin
    select raise(abort, 'deeds are only added to');
end;
create trigger deeds_four_eyes before insert on deeds when new.deed = 'approved' and exists (
    select 1 from deeds d where d.draft = new.draft and d.by_whom = new.by_whom and d.deed in ('drafted', 'edited', 'submitted')
) begin
    select raise(abort, 'an author approves nothing of a draft');
end;
