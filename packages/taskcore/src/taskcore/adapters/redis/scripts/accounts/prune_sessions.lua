-- Remove sessions that are silent for too long; those that are over vanish by themselves, but for their place here.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 for how many microseconds they may be silent
--          5 how many at the most
-- RETURNS  how many were removed
-- include parts/base.lua
-- include parts/accounts.lua
local removed, before = 0, '(' .. whole(now - ARGV[4])
for _, digest in ipairs(call('ZRANGEBYSCORE', P .. 'seen', '-inf', before, 'LIMIT', 0, ARGV[5])) do
  removed = removed + remove_session(digest)
end
return removed
