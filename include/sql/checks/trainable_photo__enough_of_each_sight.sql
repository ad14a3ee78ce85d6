-- severity: warn
-- A sight with few labelled photos is dropped from the model: crawl more, or review its labels.
select
    sight.city_id,
    sight.name,
    count(distinct accepted_label.sha256) as labelled_photo_count
from core.sight
left join mart.accepted_label on sight.sight_id = accepted_label.sight_id
where sight.state = 'active'
group by sight.city_id, sight.sight_id, sight.name
having count(distinct accepted_label.sha256) < 10;
