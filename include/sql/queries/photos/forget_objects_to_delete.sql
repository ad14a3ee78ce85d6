-- Deleted, or the right place of their photos again.
delete from core.object_to_delete
where object_to_delete.uri = any(%(uris)s)
