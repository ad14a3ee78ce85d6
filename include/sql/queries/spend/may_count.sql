-- Whether this login may count requests: analysts and standbys only read.
select
    has_table_privilege('core.rate_limit', 'update')
    and current_setting('transaction_read_only') = 'off'
