-- End a session.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the digest
-- RETURNS  1 if there was one
-- include parts/base.lua
-- include parts/accounts.lua
return remove_session(ARGV[4])
