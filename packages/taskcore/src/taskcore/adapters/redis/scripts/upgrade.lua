-- Bring the keys of layout 1 to layout 2, which has sets of the tasks that wait for another attempt.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua; the layout is that of before
--          4 the layout of afterwards
-- RETURNS  nothing
-- include parts/base.lua
-- include parts/task.lua
local SLICE = 1000

for _, queue in ipairs(call('SMEMBERS', P .. 'queues')) do
  local sets = sets_of[queue]
  for first = 0, call('ZCARD', sets.pending), SLICE do
    for _, key in ipairs(call('ZRANGE', sets.pending, first, first + SLICE - 1)) do
      local t = load(key)
      if t and t.attempt ~= '0' then
        add(sets.retrying, due_at(t.rank), key)
      end
    end
  end
end
flush()
call('SET', KEYS[1], ARGV[4])
