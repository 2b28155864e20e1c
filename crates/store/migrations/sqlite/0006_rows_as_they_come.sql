-- Nothing to do here: the number is kept equal to PostgreSQL's.
select 1;
