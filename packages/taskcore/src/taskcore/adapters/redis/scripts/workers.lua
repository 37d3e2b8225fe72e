-- What all workers said last.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
-- RETURNS  what it said, and when, for each
-- include parts/base.lua
local out = {}
local seen = call('ZRANGE', P .. 'seen', 0, -1, 'WITHSCORES')
for i = 1, #seen, 2 do
  out[i], out[i + 1] = call('HGET', P .. 'workers', seen[i]), seen[i + 1]
end
return out
