-- Remove old audit entries, the oldest first.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 how many microseconds old
--          5 how many at the most
-- RETURNS  how many were removed
-- include parts/base.lua
-- include parts/accounts.lua
-- include parts/entries.lua
local before = format('(%016.0f', now - ARGV[4])
return remove_entries(call('ZRANGEBYLEX', P .. 'log', '-', before, 'LIMIT', 0, ARGV[5]))
