-- What was counted in the spans that begin in some time.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the span in microseconds
--          5 the first instant, with "(" in front to begin behind it
--          6 the first instant that does not count any more
-- RETURNS  an instant, and its fields and counts in turns, for each of the first spans; there are more unless it is empty
-- include parts/base.lua
local MOST = 2000 -- fields, beside those of the last span

local instants = call('ZRANGEBYSCORE', P .. 'counts:' .. ARGV[4], ARGV[5], '(' .. ARGV[6], 'LIMIT', 0, 500)
local out, size = {}, 0
for i, at in ipairs(instants) do
  local fields = call('HGETALL', P .. 'counted:' .. ARGV[4] .. ':' .. at)
  out[2 * i - 1], out[2 * i] = at, fields
  size = size + #fields / 2
  if size >= MOST then
    break
  end
end
return out
