-- Before it looks at anything: what is committed later, a refresh may miss.
select now() as began_at;
