delete from core.lease_request
where lease_request.renewed_at < now() - make_interval(secs => %(seconds)s)
