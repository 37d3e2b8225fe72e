-- The newest log lines of one task, of all tasks with a handler's name, or of all.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 how many lines are wanted
--          5 the set of the tasks that have any, without the prefix, or ""
--          6 else the key of the task
-- RETURNS  key, life and the newest lines of each task that has any
-- include parts/base.lua
local most, keys = tonumber(ARGV[4]), { ARGV[6] }
if ARGV[5] ~= '' then
  keys = call('ZREVRANGE', P .. ARGV[5], 0, most - 1)
end
local out = {}
for _, key in ipairs(keys) do
  local lines = call('LRANGE', P .. 'log:' .. key, -most, -1)
  if #lines > 0 then
    out[#out + 1] = { key, call('HGET', P .. 'task:' .. key, 'life'), lines }
  end
end
return out
