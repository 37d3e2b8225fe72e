-- Replace the hash of a password that stays the same.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the id
--          5 the hash that it must have
--          6 the new one
-- RETURNS  1 if that happened
-- include parts/base.lua
local user = P .. 'user:' .. ARGV[4]
if call('HGET', user, 'hash') ~= ARGV[5] then
  return 0
end
call('HSET', user, 'hash', ARGV[6])
return 1
