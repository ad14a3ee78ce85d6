-- A refresh looks at few rows of large tables. The planner, which cannot know that of an interval,
-- would read and hash whole tables, so that a refresh would cost what is there.
select
    set_config('enable_hashjoin', 'off', true) as hash_join,
    set_config('enable_mergejoin', 'off', true) as merge_join,
    set_config('enable_seqscan', 'off', true) as sequential_scan,
    set_config('jit', 'off', true) as jit;
