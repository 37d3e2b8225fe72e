-- Store a key, in the place of another one where that is asked.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the digest
--          5 the owner, or ""
--          6 after how many microseconds it expires, or ""
--          7 the id of the key that it replaces, or ""
--          8 after how many microseconds that one expires
--          9... more fields and values
-- RETURNS  the id and all fields, or "taken", or nothing when the one to replace is not good
-- include parts/base.lua
-- include parts/accounts.lua
local old = ARGV[7]
if old ~= '' and (call('EXISTS', P .. 'key:' .. old) == 0 or is_over(old)) then
  return false
end
if call('HEXISTS', P .. 'digests', ARGV[4]) == 1 then
  return 'taken'
end
local id = fresh_id()
local key = P .. 'key:' .. id
call('HSET', P .. 'digests', ARGV[4], id)
call('HSET', key, 'digest', ARGV[4], 'created', now_text, unpack(ARGV, 9))
list('keys', id)
if ARGV[5] ~= '' then
  call('HSET', key, 'owner', ARGV[5])
  list('keys:' .. ARGV[5], id)
end
if ARGV[6] ~= '' then
  end_key(id, 'expires', now + ARGV[6])
end
if old ~= '' then
  call('HSET', key, 'replaces', old)
  local ends = tonumber(call('HGET', P .. 'key:' .. old, 'expires'))
  if not ends or now + ARGV[8] < ends then
    end_key(old, 'expires', now + ARGV[8])
  end
end
return { id, call('HGETALL', key) }
