-- Of photos that were taken down while their answers were away.
delete from load.label as loaded
where
    loaded.batch_id = %(batch_id)s
    and not exists (
        select 1 from core.photo
        where photo.sha256 = loaded.sha256
    )
