-- outside a transaction
-- squawk-disable-assume-in-transaction
-- Photos that are there already: what their addresses and pages say. As `warehouse/photos/identity.py`
-- reads them, for the forms that sources gave; in small transactions, in the order of the addresses.
-- What a program of the version before writes meanwhile is known by its address alone, as it was.
do $$
declare
    last_url_sha256 bytea := '';
    next_url_sha256 bytea;
    -- Bytes, as hexadecimal digits, that are UTF-8 without a NUL: no other name can be read.
    utf8 constant text :=
        '^(?:(?!00)[0-7].|(?:c[2-9a-f]|d.)[89ab].|e0[ab].[89ab].|(?:e[1-9abcef])(?:[89ab].){2}'
        '|ed[89].[89ab].|f0[9ab].(?:[89ab].){2}|f[123](?:[89ab].){3}|f48.(?:[89ab].){2})*$';
begin
    loop
        next_url_sha256 := (
            select address.url_sha256
            from (
                (
                    select photo_source.url_sha256 from core.photo_source
                    where photo_source.url_sha256 > last_url_sha256
                    order by photo_source.url_sha256
                    limit 5000
                )
                union all
                (
                    select rejected_photo.url_sha256 from core.rejected_photo
                    where rejected_photo.url_sha256 > last_url_sha256
                    order by rejected_photo.url_sha256
                    limit 5000
                )
                order by url_sha256
                limit 5000
            ) as address
            order by address.url_sha256 desc
            limit 1
        );
        exit when next_url_sha256 is null;
        insert into core.photo_identifier (url_sha256, identifier_sha256, identifier)
        select distinct
            found.url_sha256,
            sha256(convert_to(found.identifier, 'UTF8')),
            found.identifier
        from (
            select
                photo_source.url_sha256,
                photo_source.url,
                -- One line of an attribution.csv may give many photos one page.
                case when photo_source.source <> 'local_folder' then photo_source.page_url end as page_url
            from core.photo_source
            where photo_source.url_sha256 > last_url_sha256 and photo_source.url_sha256 <= next_url_sha256
            union all
            select rejected_photo.url_sha256, rejected_photo.url, null
            from core.rejected_photo
            where
                rejected_photo.url_sha256 > last_url_sha256
                and rejected_photo.url_sha256 <= next_url_sha256
                and rejected_photo.reason <> 'removed'
        ) as address
        cross join lateral (
            select coalesce(
                substring(address.url from '^https?://[^/?#]+/wikipedia/commons/(?:thumb/)?[0-9a-f]/[0-9a-f]{2}/([^/?#]+)'),
                substring(address.page_url from '^https?://commons\.(?:m\.)?wikimedia\.org/wiki/(?:File|Image):([^?#&]+)')
            ) as encoded
        ) as raw
        cross join lateral (
            select string_agg(
                case
                    when part.found[1] ~ '^%[0-9a-fA-F]{2}$' then decode(substr(part.found[1], 2), 'hex')
                    else convert_to(part.found[1], 'UTF8')
                end,
                ''::bytea
                order by part.turn
            ) as bytes
            from regexp_matches(raw.encoded, '%[0-9a-fA-F]{2}|[^%]+|%', 'g') with ordinality as part (found, turn)
        ) as name
        cross join lateral (
            select btrim(normalize(regexp_replace(
                case when encode(name.bytes, 'hex') ~ utf8 then convert_from(name.bytes, 'UTF8') end,
                '[_\s]+', ' ', 'g'
            ))) as title
        ) as file
        cross join lateral (
            values
            ('commons:File:' || nullif(file.title, '')),
            ('commons:' || substring(address.page_url from '^https?://commons\.(?:m\.)?wikimedia\.org/w/index\.php\?(?:[^#]*&)?curid=([1-9][0-9]{0,14})(?![0-9])')),
            ('flickr:' || coalesce(
                substring(address.page_url from '^https?://(?:www\.|m\.)?flickr\.com/photos/[^/?#]+/([1-9][0-9]{0,14})(?![0-9])'),
                substring(address.url from '^https?://[a-z0-9]+\.(?:staticflickr\.com|static\.flickr\.com)/(?:[0-9]+/)+([1-9][0-9]{0,14})_[0-9a-f]+')
            ))
        ) as told (identifier)
        cross join lateral (select address.url_sha256, told.identifier) as found
        where found.identifier is not null
        order by 1, 2
        on conflict (url_sha256, identifier_sha256) do nothing;
        commit;
        last_url_sha256 := next_url_sha256;
    end loop;
end
$$;
