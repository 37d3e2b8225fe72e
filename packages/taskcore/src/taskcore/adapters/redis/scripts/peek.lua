-- Whether a claim from some queues would find a task now, or when that may be.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4... the queues
-- RETURNS  microseconds until it is worth while to claim; nothing when no task is delayed
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/claim.lua
local queues = {}
for i = 4, #ARGV do
  queues[i - 3] = ARGV[i]
end
local sources, more = sources_of(queues, 100)
local limits, wait = { aside = ASIDE }, nil
local source = next_ready(sources, limits)
if source then
  source.seen = source.seen - 1
end
leave_ready(sources)
publish()
if more or source or limits.aside == 0 then
  return '0'
end
for _, each in ipairs(sources) do
  local first = call('ZRANGE', each.sets.delayed, 0, 0, 'WITHSCORES')
  if first[2] then
    wait = math.min(tonumber(first[2]) - now, wait or math.huge)
  end
end
return wait and whole(math.max(wait, 0))
