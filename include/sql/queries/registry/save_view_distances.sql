-- Only where kind and height say nothing: a discovery may have found a height meanwhile.
update core.sight_facts
set
    view_meters = given.view_meters,
    view_basis = given.view_basis
from
    jsonb_to_recordset(%(views)s)
        as given (sight_id bigint, view_meters double precision, view_basis text)
where
    sight_facts.sight_id = given.sight_id
    and sight_facts.view_basis in ('usual', 'photos')
    and (sight_facts.view_meters, sight_facts.view_basis) <> (given.view_meters, given.view_basis)
