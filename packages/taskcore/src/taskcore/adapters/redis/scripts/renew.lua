-- Extend leases.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the lease in microseconds
--          5... key, attempt and worker of each
-- RETURNS  a letter for each: H held, C held and asked to stop, L lost
-- include parts/base.lua
-- include parts/task.lua
local lease_until, answers = whole(math.min(now + ARGV[4], LATEST)), {}
for i = 5, #ARGV, 3 do
  local t = load(ARGV[i])
  local answer = 'L'
  if holds(t, ARGV[i + 1], ARGV[i + 2]) then
    add(t.sets.running, lease_until, t.key)
    answer = t.cancel == '1' and 'C' or 'H'
  end
  answers[#answers + 1] = answer
end
flush()
return table.concat(answers)
