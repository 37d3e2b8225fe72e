-- Store a user, if the name is free.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the folded name
--          5 "1" if there must be no user yet, or ""
--          6 "1" if it is an enabled admin, or ""
--          7... fields and values
-- RETURNS  the id and the time, or "taken", or "late"
-- include parts/base.lua
-- include parts/accounts.lua
if ARGV[5] == '1' and call('EXISTS', P .. 'names') == 1 then
  return 'late'
end
if call('HEXISTS', P .. 'names', ARGV[4]) == 1 then
  return 'taken'
end
local id = fresh_id()
call('HSET', P .. 'names', ARGV[4], id)
list('order', ARGV[4])
call('HSET', P .. 'user:' .. id, 'created', now_text, unpack(ARGV, 7))
if ARGV[6] == '1' then
  call('SADD', P .. 'admins', id)
end
return { id, now_text }
