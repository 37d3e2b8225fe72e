-- Schedules whose next instant is reached, longest due first.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 how many at the most
-- RETURNS  what is stored of each
-- include parts/base.lua
local ids = call('ZRANGEBYSCORE', P .. 'due', '-inf', now_text, 'LIMIT', 0, math.min(tonumber(ARGV[4]), 4000))
if #ids == 0 then
  return {}
end
return call('HMGET', P .. 'schedules', unpack(ids))
