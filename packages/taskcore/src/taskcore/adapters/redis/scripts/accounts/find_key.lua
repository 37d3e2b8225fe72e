-- A key that is good.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the digest
-- RETURNS  its id and fields, or nothing
-- include parts/base.lua
-- include parts/accounts.lua
local id = call('HGET', P .. 'digests', ARGV[4])
if not id or is_over(id) then
  return false
end
return { id, call('HGETALL', P .. 'key:' .. id) }
