-- Cities that the backup did not have yet. What an older version's lack must not be null.
insert into core.city
select (
    jsonb_populate_record(
        null::core.city,
        jsonb_build_object('names', '{}'::jsonb) || carried.content || jsonb_build_object(
            'slug',
            case
                when
                    exists (
                        select 1 from core.city as other
                        where other.slug = carried.content ->> 'slug'
                    )
                    then carried.content ->> 'slug' || '-' || lower(carried.content ->> 'city_id')
                else carried.content ->> 'slug'
            end
        )
    )
).*
from carried
where
    carried.table_name = 'city'
    and not exists (
        select 1 from core.city as known
        where known.city_id = carried.content ->> 'city_id'
    )
