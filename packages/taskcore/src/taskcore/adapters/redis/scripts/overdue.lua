-- Running tasks whose lease has run out, longest ago first.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 how many at the most
-- RETURNS  their keys
-- include parts/base.lua
local most, found = tonumber(ARGV[4]), {}
for _, queue in ipairs(call('SMEMBERS', P .. 'queues')) do
  local leases = call('ZRANGEBYSCORE', P .. 'running:' .. queue, '-inf', now_text, 'WITHSCORES', 'LIMIT', 0, most)
  for i = 1, #leases, 2 do
    found[#found + 1] = { leases[i], tonumber(leases[i + 1]) }
  end
end
table.sort(found, function(a, b)
  return a[2] < b[2]
end)
local keys = {}
for i = 1, math.min(most, #found) do
  keys[i] = found[i][1]
end
return keys
