-- Take the tokens now, in debt if need be, and return the seconds after which they are really
-- there: callers queue up in the order in which they took. No row: that would be later than the
-- caller waits, and nothing was taken. Then the seconds for which the service wants no request.
insert into core.rate_limit as bucket (bucket, capacity, refill_per_second, tokens, refilled_at)
values (
    %(bucket)s,
    %(capacity)s,
    %(refill_per_second)s,
    %(capacity)s::double precision - %(count)s,
    clock_timestamp()
)
on conflict (bucket) do update
    set
        capacity = excluded.capacity,
        refill_per_second = excluded.refill_per_second,
        tokens = least(
            excluded.capacity,
            bucket.tokens
            + excluded.refill_per_second
            * greatest(extract(epoch from clock_timestamp() - bucket.refilled_at), 0)
        ) - %(count)s,
        -- After a clock that stepped back, too: what it repeats refills nothing, what comes after does.
        refilled_at = clock_timestamp()
    where least(
        excluded.capacity,
        bucket.tokens
        + excluded.refill_per_second
        * greatest(extract(epoch from clock_timestamp() - bucket.refilled_at), 0)
    ) - %(count)s >= -excluded.refill_per_second * %(max_wait_seconds)s::double precision
returning
    greatest(-bucket.tokens / bucket.refill_per_second, 0)::double precision,
    greatest(extract(epoch from bucket.paused_until - clock_timestamp()), 0)::double precision;
