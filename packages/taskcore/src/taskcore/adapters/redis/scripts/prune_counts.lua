-- Remove what was counted long ago.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the span in microseconds
--          5 the age in microseconds that it must have
--          6 how many spans at the most
-- RETURNS  how many counts, and how many spans, were removed
-- include parts/base.lua
local set = P .. 'counts:' .. ARGV[4]
local instants = call('ZRANGEBYSCORE', set, '-inf', '(' .. whole(now - ARGV[5]), 'LIMIT', 0, ARGV[6])
local removed = 0
for _, at in ipairs(instants) do
  local counted = P .. 'counted:' .. ARGV[4] .. ':' .. at
  removed = removed + call('HLEN', counted)
  call('UNLINK', counted)
  drop(set, at)
end
flush()
return { removed, #instants }
