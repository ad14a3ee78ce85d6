delete from load.label
where label.batch_id = %(batch_id)s;
