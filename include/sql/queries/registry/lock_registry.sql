-- Cities are added one at a time, so that two of one name never race for its slug.
lock table core.city in share row exclusive mode
