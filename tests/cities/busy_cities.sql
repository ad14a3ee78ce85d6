-- Something is going on everywhere, in the three cities of benchmarks/sql/fill.

-- City 2 and one of its sights are called what strangers write; city 3 is retired, and has no model in place.
update core.city set name = '<img src=x onerror="document.title=''hacked''"> Tower', country = 'São Tomé' where city_id = 'Q2';
update core.sight set name = '<img src=x onerror="document.title=''hacked''"> Tower' where sight_id = 3;
update core.city set state = 'disabled' where city_id = 'Q3';
delete from core.publication where city_id = 'Q3';

-- Of what is held back, three were decided and one of them was taken back; four were accepted in doubt.
insert into core.label_review (review_id, label_id, decision, reviewed_by, reviewed_at)
select gen_random_uuid(), label_id, 'reject', 'ann', now() from core.label
where state = 'held_back' and city_id = 'Q1'
order by label_id limit 3;
insert into core.label_review (review_id, label_id, decision, reviewed_by, reviewed_at, recorded_at)
select gen_random_uuid(), label_id, 'withdraw', 'ann', now(), now() + interval '1 minute' from core.label
where state = 'held_back' and city_id = 'Q1'
order by label_id limit 1;
update core.label set score = 0.25
where
    label_id in (
        select label_id from core.label
        where state = 'accepted' and label_id not in (select label_id from core.label_review)
        order by label_id limit 4
    );
update core.label set reason = 'contributed'
where label_id = (select max(label_id) from core.label where state = 'held_back' and city_id = 'Q2');

-- City 1 has boxes on test photos, and its model was measured as people see it.
update core.dataset_photo set split = 'test'
where
    city_id = 'Q1'
    and sha256 in (select sha256 from core.dataset_photo where city_id = 'Q1' order by sha256 limit 5);
-- Beside the box that each photo has.
insert into core.dataset_box
select city_id, dataset_version, sha256, number, (row_number() over (order by sha256) % 2)::integer, 0.1, 0.1, 0.5, 0.5
from core.dataset_photo
cross join generate_series(1, 2) as number
where city_id = 'Q1';
update core.model set shipped = '{"sight_photos": 9, "named_sight_photos": 7}' where city_id = 'Q1';

-- City 2's second model was refused.
insert into core.dataset (
    city_id, dataset_version, sha256, class_names, sight_ids, train_count, val_count, test_count, dag_id, run_id
)
select 'Q2', 2, sha256('two'), class_names, sight_ids, 90, 12, 11, 'city_city-2', 'run-9'
from core.dataset
where city_id = 'Q2';
insert into core.training_run (city_id, dataset_version, dag_id, run_id, request, state)
values ('Q2', 2, 'city_city-2', 'run-9', '{"epochs": 40}', 'succeeded');
insert into core.model (
    city_id, model_version, dataset_version, training_id, class_names, image_size, onnx_sha256, weights_sha256, map50,
    map50_95, class_metrics, result, state, decision
)
select
    'Q2', 2, 2, (select max(training_id) from core.training_run), class_names, 640, onnx_sha256, weights_sha256, 0.8,
    0.5, class_metrics, result, 'refused', 'Sight 1 is worse'
from core.model
where city_id = 'Q2';

-- The last runs: city 1 trains now, city 2's model was refused, a budget stopped city 3.
insert into core.spend_estimate (
    dag_id, run_id, city_id, photo_limit, waiting_photos, most_units, probable_units, free_units_left, most_vision_usd,
    probable_vision_usd, most_places_usd, most_gpu_usd, probable_gpu_usd, most_usd, probable_usd, refusal, estimated_at,
    ended_at
)
values
('city_city-1', 'run-9', 'Q1', 9, 0, 9, 9, 0, 1, 1, 0, 20, 5, 21, 6, null, now(), null),
('city_city-2', 'run-9', 'Q2', 9, 0, 9, 9, 0, 1, 1, 0, 20, 5, 21, 6, null, now(), now()),
('city_city-3', 'run-9', 'Q3', 9, 0, 9, 9, 0, 1, 1, 0, 20, 5, 21, 6, 'MAX_USD_PER_RUN=1 is passed', now(), now());

-- City 1 took a machine over from city 2 half an hour ago; two wait for it, one for more than a day.
insert into core.instance_session (
    instance_id, city_id, dag_id, run_id, price_per_hour_usd, started_at, running_at, instance_type
)
values (
    'i-gpu', 'Q2', 'city_city-2', 'run-9', 3.0, now() - interval '2 hours', now() - interval '2 hours', 'p3.2xlarge'
);
insert into core.lease_use (session_id, instance_id, city_id, dag_id, run_id, leased_at, released_at)
select session_id, 'i-gpu', 'Q2', 'city_city-2', 'run-9', running_at, now() - interval '30 minutes'
from core.instance_session
where instance_id = 'i-gpu';
insert into core.lease_use (session_id, instance_id, city_id, dag_id, run_id, leased_at)
select session_id, 'i-gpu', 'Q1', 'city_city-1', 'run-9', now() - interval '30 minutes'
from core.instance_session
where instance_id = 'i-gpu';
insert into core.instance_lease (instance_id, city_id, dag_id, run_id, leased_at, deadline_at)
values ('i-gpu', 'Q1', 'city_city-1', 'run-9', now() - interval '30 minutes', now() + interval '3 hours');
insert into core.training_run (city_id, dataset_version, dag_id, run_id, request, state, started_at, epoch_metrics)
select
    'Q1', 1, 'city_city-1', 'run-9', '{"epochs": 40}', 'running', now(),
    jsonb_agg(jsonb_build_object('epoch', epoch, 'val_map50', epoch * 0.1) order by epoch)
from generate_series(1, 7) as epoch;
insert into core.lease_request (dag_id, run_id, city_id, instance_ids, lease_seconds, asked_at)
values
('city_city-2', 'run-10', 'Q2', '{i-gpu}', 3600, now() - interval '5 minutes'),
('city_city-3', 'run-10', 'Q3', '{i-gpu}', 3600, now() - interval '2 days');

-- Money of earlier months, a third of the images free; a page of Google Places; another machine.
insert into core.paid_call (
    provider, feature, subject_sha256, attempt, city_id, dag_id, run_id, state, price_usd, answer, settled_at,
    reserved_at, recorded_at, changed_at
)
select
    'google_vision', 'landmark_detection', sha256(('old' || number)::bytea), 1, 'Q1', 'd', 'old', 'succeeded',
    case when number > 20 then 0.0015 else 0 end, '{}', spent.at, spent.at, spent.at, spent.at
from generate_series(1, 60) as number
cross join lateral (select now() - make_interval(months => 1 + number % 2) as at) as spent;
insert into core.paid_call (
    provider, feature, subject_sha256, attempt, city_id, dag_id, run_id, state, price_usd, answer, settled_at
)
values ('google_places', 'text_search', sha256('p'), 1, 'Q1', 'd', 'old', 'succeeded', 0.032, '{}', now());
insert into core.instance_session (
    instance_id, city_id, dag_id, run_id, price_per_hour_usd, started_at, running_at, stopped_at, stopped_by
)
select 'i-old', 'Q1', 'd', 'old', 2.5, spent.at, spent.at, spent.at + interval '90 minutes', 'teardown'
from (select now() - interval '1 month' as at) as spent;

-- People wait: a city, two reports, a shared photo. Two incidents are open, one is over.
insert into core.city (city_id, slug, name, country, latitude, longitude, radius_meters, state)
values ('Q4', 'city-4', 'City 4', 'X', 0, 0, 5000, 'waiting');
insert into load.report (report_id, city_id, message)
select gen_random_uuid(), 'Q1', 'm' from generate_series(1, 2);
insert into load.contribution (contribution_id, city_id, bytes, licence, contributed_by)
values (gen_random_uuid(), 'Q1', 'x', 'cc0', 'somebody');
insert into core.incident (kind, subject, sentence, link, closed_at)
values
('crawl_empty', 'city_city-3', 'Nothing of <img src=x onerror="document.title=''hacked''"> Tower.', null, null),
('run_failed', 'city_city-2', 'The run run-9 of city_city-2 is red.', 'javascript:alert(1)', null),
('marts_old', 'refresh_data_marts', 'It is over.', null, now());
