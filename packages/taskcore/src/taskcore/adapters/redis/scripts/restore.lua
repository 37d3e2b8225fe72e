-- Store tasks as another store kept them.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 "1" when the store numbers its tasks
--          5... the tasks, as in parts/restore.lua
-- RETURNS  a text of 0 and 1: which of them were stored; the others have an id or idempotency key that is taken
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/rest.lua
-- include parts/log.lua
-- include parts/number.lua
-- include parts/restore.lua
local answers, at = {}, 5
while at <= #ARGV do
  local key = ARGV[at]
  if is_taken(key, ARGV[at + 1]) then
    answers[#answers + 1] = '0'
  else
    restore(key, at)
    answers[#answers + 1] = '1'
    if ARGV[4] == '1' then
      raise_number(key)
    end
  end
  at = next_of(at)
end
flush()
publish()
return table.concat(answers)
