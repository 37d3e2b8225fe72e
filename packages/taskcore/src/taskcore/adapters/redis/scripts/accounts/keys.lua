-- Keys, the newest first.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the list, without the prefix
--          5 where the ids begin, as a bound of ZREVRANGEBYLEX
--          6 how many at the most
-- RETURNS  an id and its fields for each
-- include parts/base.lua
local out = {}
for _, id in ipairs(call('ZREVRANGEBYLEX', P .. ARGV[4], ARGV[5], '-', 'LIMIT', 0, ARGV[6])) do
  out[#out + 1] = { id, call('HGETALL', P .. 'key:' .. id) }
end
return out
