-- Let others have the idempotency keys of tasks at rest.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4... keys of tasks
-- RETURNS  a text of 0 and 1: which of them had one
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/rest.lua
local function release(key)
  local t = load(key)
  if not t or t.state == 'pending' or t.state == 'running' or t.ikey == '' then
    return '0'
  end
  free_key(t)
  setmetatable(t, traits_of[match(t.traits, '^(.*\n)[^\n]+\n$') .. '\n'])
  save(t)
  return '1'
end

local answers = {}
for i = 4, #ARGV do
  answers[i - 3] = release(ARGV[i])
end
return table.concat(answers)
