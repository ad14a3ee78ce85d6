delete from load.contribution
where sha256(contribution.bytes) = %(sha256)s;
