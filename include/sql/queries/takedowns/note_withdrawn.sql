update core.contribution
set withdrawn_at = now()
where
    contribution.sha256 = %(sha256)s
    and contribution.withdrawn_at is null
