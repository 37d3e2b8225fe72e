-- Remove keys that ended long ago.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 how many microseconds ago
--          5 how many at the most
-- RETURNS  how many were removed
-- include parts/base.lua
-- include parts/accounts.lua
local old = call('ZRANGEBYSCORE', P .. 'ended', '-inf', '(' .. whole(now - ARGV[4]), 'LIMIT', 0, ARGV[5])
for _, id in ipairs(old) do
  local digest, owner = unpack(call('HMGET', P .. 'key:' .. id, 'digest', 'owner'))
  call('HDEL', P .. 'digests', digest)
  unlist('keys', id)
  unlist('ended', id)
  if owner then
    unlist('keys:' .. owner, id)
  end
  call('DEL', P .. 'key:' .. id)
end
return #old
