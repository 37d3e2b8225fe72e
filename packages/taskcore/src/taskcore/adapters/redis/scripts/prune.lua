-- Remove tasks at rest that finished long ago, oldest first.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the age in microseconds that they must have
--          5 how many at the most
--          6... their states
-- RETURNS  how many were removed, and how many were only left to clean up
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/rest.lua
local older, most, found = '(' .. whole(now - ARGV[4]), tonumber(ARGV[5]), {}
for i = 6, #ARGV do
  local set = P .. 'finished:' .. ARGV[i]
  local finished = call('ZRANGEBYSCORE', set, '-inf', older, 'WITHSCORES', 'LIMIT', 0, most)
  for n = 1, #finished, 2 do
    found[#found + 1] = { finished[n], tonumber(finished[n + 1]), set }
  end
end
table.sort(found, function(a, b)
  return a[2] < b[2]
end)
local removed, gone = 0, 0
for i = 1, math.min(most, #found) do
  local key, _, set = unpack(found[i])
  local t = load(key)
  if t then
    remove(t)
    removed = removed + 1
  else
    drop(set, key)
    gone = gone + 1
  end
end
flush()
forget_queues()
return { removed, gone }
