-- Remove tasks that are not running.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4... keys of tasks
-- RETURNS  how many were removed
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/rest.lua
local removed = 0
for i = 4, #ARGV do
  local t = load(ARGV[i])
  if t and t.state ~= 'running' then
    remove(t)
    removed = removed + 1
  end
end
flush()
forget_queues()
publish()
return removed
