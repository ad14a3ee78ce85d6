delete from load.rejected_photo as loaded
where loaded.batch_id = %(batch_id)s
