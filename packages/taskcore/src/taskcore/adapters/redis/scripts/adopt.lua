-- Put tasks in place of keys that other programs left, which get other names in the same step.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the key of the highest number that is given out already, or ""
--          5... for each its key, the name that it gets, "1" and the task as in parts/restore.lua, or "0" for none
-- RETURNS  for each the key of its task, or "" where there is none now, or nothing was to be renamed any more
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/rest.lua
-- include parts/log.lua
-- include parts/number.lua
-- include parts/restore.lua
if ARGV[4] ~= '' then
  raise_number(ARGV[4])
end
local answers, at = {}, 5
while at <= #ARGV do
  local name, backup, task = ARGV[at], ARGV[at + 1], ARGV[at + 2] == '1'
  local key = ''
  at = at + 3
  if call('EXISTS', name) == 1 then
    if task then
      key = ARGV[at]
      if is_taken(key, ARGV[at + 1]) then
        key = next_number()
      else
        raise_number(key)
      end
      restore(key, at)
    end
    call('RENAME', name, backup)
  end
  answers[#answers + 1] = key
  if task then
    at = next_of(at)
  end
end
flush()
publish()
return answers
