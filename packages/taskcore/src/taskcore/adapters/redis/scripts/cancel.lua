-- Stop tasks.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4... keys of tasks
-- RETURNS  for each its state afterwards, nothing where there is no such task
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/rest.lua
-- include parts/cancel.lua
local states = {}
for i = 4, #ARGV do
  states[i - 3] = cancel(ARGV[i])
end
flush()
publish()
return states
