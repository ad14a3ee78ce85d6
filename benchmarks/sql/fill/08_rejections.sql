-- For each photo that is kept, one is not; every fifth is found at a second address.
insert into core.rejected_photo (url_sha256, sight_id, url, source, reason, recorded_at)
select
    sha256(int8send(-n - 1)), sight_id, 'https://commons.example/x/' || n, 'wikimedia_commons',
    'too_small', at
from numbered
