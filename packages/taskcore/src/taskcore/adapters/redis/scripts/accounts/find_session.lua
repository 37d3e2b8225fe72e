-- A session that is neither over nor silent for too long.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the digest
--          5 for how many microseconds it may be silent
-- RETURNS  its fields, or nothing
-- include parts/base.lua
local key = P .. 'session:' .. ARGV[4]
local seen, expires = unpack(call('HMGET', key, 'seen', 'expires'))
if not seen or tonumber(expires) <= now or seen + ARGV[5] < now then
  return false
end
return call('HGETALL', key)
