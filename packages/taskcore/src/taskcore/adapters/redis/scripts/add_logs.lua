-- Keep log lines of tasks, whoever writes them.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4... key and line of each
-- RETURNS  nothing
-- include parts/base.lua
-- include parts/task.lua
-- include parts/log.lua
for i = 4, #ARGV, 2 do
  local key = ARGV[i]
  local t = load(key)
  if t then
    log(key, t.name, { ARGV[i + 1] })
    local left = call('PTTL', P .. 'task:' .. key)
    if left > 0 then
      call('PEXPIRE', P .. 'log:' .. key, left)
    end
  end
end
flush()
