select
    incident.kind,
    count(*) as open_count
from core.incident
where incident.closed_at is null
group by incident.kind;
