-- Note that a user, a session or a key was there just now.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the name of the hash, without the prefix
--          5 the field for the time
--          6 a member of the list "seen", or ""
--          7... more fields and values
-- RETURNS  1 if it exists
-- include parts/base.lua
local key = P .. ARGV[4]
if call('EXISTS', key) == 0 then
  return 0
end
call('HSET', key, ARGV[5], now_text, unpack(ARGV, 7))
if ARGV[6] ~= '' then
  call('ZADD', P .. 'seen', now_text, ARGV[6])
end
return 1
