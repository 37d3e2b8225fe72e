-- The user with a folded name.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the folded name
-- RETURNS  the id and the fields, or nothing
-- include parts/base.lua
local id = call('HGET', P .. 'names', ARGV[4])
return id and { id, call('HGETALL', P .. 'user:' .. id) }
