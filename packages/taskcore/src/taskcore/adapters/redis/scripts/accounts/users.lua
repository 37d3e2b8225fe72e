-- Users by folded name.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 where the folded names begin, as a bound of ZRANGEBYLEX
--          5 how many at the most
-- RETURNS  an id and its fields for each
-- include parts/base.lua
local out = {}
for _, name in ipairs(call('ZRANGEBYLEX', P .. 'order', ARGV[4], '+', 'LIMIT', 0, ARGV[5])) do
  local id = call('HGET', P .. 'names', name)
  out[#out + 1] = { id, call('HGETALL', P .. 'user:' .. id) }
end
return out
