-- Change fields of a user, unless nobody would be left who may manage users.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the id
--          5 "1" to keep the last admin, or ""
--          6 "1" if the hash must be the next one, or ""
--          7 the hash that it must have
--          8 the name of the role of admins
--          9 the field for the time of a change of the password, or ""
--          10... fields and values
-- RETURNS  all fields, or "last", or nothing when there is no such user or the hash is another
-- include parts/base.lua
-- include parts/accounts.lua
local id, user = ARGV[4], P .. 'user:' .. ARGV[4]
if call('EXISTS', user) == 0 or (ARGV[6] == '1' and call('HGET', user, 'hash') ~= ARGV[7]) then
  return false
end
local role, enabled = unpack(call('HMGET', user, 'role', 'enabled'))
for i = 10, #ARGV, 2 do
  if ARGV[i] == 'role' then
    role = ARGV[i + 1]
  elseif ARGV[i] == 'enabled' then
    enabled = ARGV[i + 1]
  end
end
local stays = role == ARGV[8] and enabled == '1'
if ARGV[5] == '1' and not stays and is_last_admin(id) then
  return 'last'
end
call(stays and 'SADD' or 'SREM', P .. 'admins', id)
if #ARGV > 9 then
  call('HSET', user, unpack(ARGV, 10))
end
if ARGV[9] ~= '' then
  call('HSET', user, ARGV[9], now_text)
end
return call('HGETALL', user)
