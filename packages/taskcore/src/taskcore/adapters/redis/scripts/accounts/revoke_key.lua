-- End a key at once.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the id
-- RETURNS  1 if that happened
-- include parts/base.lua
-- include parts/accounts.lua
return revoke(ARGV[4])
