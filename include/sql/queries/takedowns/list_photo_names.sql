-- All addresses of the photos that are asked for, and their identifiers: those that share an
-- identifier, or the bytes, are one photo, by however many steps. Each step leads from an address to
-- what it is an address of, or back: not from each of a photo's addresses to each.
with recursive node as (
    (
        select
            'address' as kind,
            photo_source.url_sha256 as node_sha256
        from core.photo_source
        where
            photo_source.sha256 = any(%(sha256s)s)
            or photo_source.url_sha256 = any(%(url_sha256s)s)
            or photo_source.page_url = any(%(urls)s)
        union
        select
            'address' as kind,
            photo_identifier.url_sha256 as node_sha256
        from core.photo_identifier
        where photo_identifier.identifier_sha256 = any(%(url_sha256s)s)
    )
    union
    select
        step.kind,
        step.node_sha256
    from node
    cross join
        lateral (
            select
                'identifier' as kind,
                photo_identifier.identifier_sha256 as node_sha256
            from core.photo_identifier
            where node.kind = 'address' and photo_identifier.url_sha256 = node.node_sha256
            union all
            select
                'photo' as kind,
                photo_source.sha256 as node_sha256
            from core.photo_source
            where node.kind = 'address' and photo_source.url_sha256 = node.node_sha256
            union all
            select
                'address' as kind,
                photo_identifier.url_sha256 as node_sha256
            from core.photo_identifier
            where node.kind = 'identifier' and photo_identifier.identifier_sha256 = node.node_sha256
            union all
            select
                'address' as kind,
                photo_source.url_sha256 as node_sha256
            from core.photo_source
            where node.kind = 'photo' and photo_source.sha256 = node.node_sha256
        ) as step
)

select node.node_sha256 as url_sha256
from node
where node.kind in ('address', 'identifier')
group by node.node_sha256;
