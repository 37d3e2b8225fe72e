-- Hold a queue back, or let it go on.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the queue
--          5 "paused" or "limit"
--          6 the value, or "" for none
-- RETURNS  nothing
-- include parts/base.lua
local field = ARGV[5] .. ':' .. ARGV[4]
if ARGV[6] == '' then
  call('HDEL', P .. 'controls', field)
else
  call('HSET', P .. 'controls', field, ARGV[6])
end
news[ARGV[4]] = true
publish()
