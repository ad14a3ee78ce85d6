delete from load.photo as loaded
where loaded.batch_id = %(batch_id)s
