-- Store what running tasks tell.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4... of each: key, attempt, worker, progress or "", "=" and a note or "", how many lines, the lines
-- RETURNS  a text of 0 and 1: which were stored
-- include parts/base.lua
-- include parts/task.lua
-- include parts/log.lua
local answers, at = {}, 4
while at <= #ARGV do
  local key, progress, note, count = ARGV[at], ARGV[at + 3], ARGV[at + 4], tonumber(ARGV[at + 5])
  local t = load(key)
  local held = holds(t, ARGV[at + 1], ARGV[at + 2])
  if held then
    if progress ~= '' then
      call('HSET', P .. 'task:' .. key, 'progress', progress)
    end
    if note ~= '' then
      call('HSET', P .. 'task:' .. key, 'note', sub(note, 2))
    end
    local lines = {}
    for i = 1, count do
      lines[i] = ARGV[at + 5 + i]
    end
    if count > 0 then
      log(key, t.name, lines)
    end
  end
  answers[#answers + 1] = held and '1' or '0'
  at = at + 6 + count
end
flush()
return table.concat(answers)
