-- Remove a user with the sessions, and revoke the keys.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the id
--          5 "1" to keep the last admin, or ""
-- RETURNS  1, 0 when there is no such user, "last" when nobody would be left who may manage users
-- include parts/base.lua
-- include parts/accounts.lua
local id = ARGV[4]
local folded = call('HGET', P .. 'user:' .. id, 'folded')
if not folded then
  return 0
end
if ARGV[5] == '1' and is_last_admin(id) then
  return 'last'
end
for _, digest in ipairs(call('ZRANGE', P .. 'sessions:' .. id, 0, -1)) do
  remove_session(digest)
end
for _, key in ipairs(call('ZRANGE', P .. 'keys:' .. id, 0, -1)) do
  revoke(key)
end
call('HDEL', P .. 'names', folded)
unlist('order', folded)
call('SREM', P .. 'admins', id)
call('DEL', P .. 'user:' .. id, P .. 'sessions:' .. id)
return 1
