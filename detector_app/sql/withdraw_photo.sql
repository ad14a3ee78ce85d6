-- The warehouse hashes the code: a hash that somebody read takes nothing back.
select load.take_back(%(code)s, %(reason)s)
