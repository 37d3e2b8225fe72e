-- Let pending tasks wait in another queue.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the queue
--          5... keys of tasks
-- RETURNS  a text of 0 and 1: which of them were moved
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/rest.lua
local function move(key)
  local t = load(key)
  if not t or t.state ~= 'pending' then
    return '0'
  end
  leave_pending(t)
  emptied[t.queue] = true
  local before, behind = match(t.traits, '^([^\n]*\n)[^\n]*(\n.*)$')
  setmetatable(t, traits_of[before .. ARGV[4] .. behind])
  enter_pending(t)
  save(t)
  return '1'
end

local answers = {}
for i = 5, #ARGV do
  answers[i - 4] = move(ARGV[i])
end
call('SADD', P .. 'queues', ARGV[4])
flush()
emptied[ARGV[4]] = true
forget_queues()
publish()
return table.concat(answers)
