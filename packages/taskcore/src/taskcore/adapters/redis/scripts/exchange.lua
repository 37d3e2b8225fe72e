-- Settle attempts, then claim tasks: the hot path. ``settle``, ``recover`` and ``claim`` are halves of it.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 "1" when only attempts are to be ended whose lease has run out
--          5 how many settlements there are
--          6 how many tasks to claim
--          7 the worker
--          8 its lease in microseconds
--          9 from how many queues
--          10... the queues, then the settlements, as parts/settle.lua tells
-- RETURNS  1 a text of 0 and 1: which settlements were stored
--          2 the end of the lease in microseconds
--          3 five values a claimed task: key, life, payload, extra, and nothing or, where an attempt went before this
--            one, its result, error and version
--          4 1 when a further call may find tasks although this one found none
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/rest.lua
-- include parts/attempts.lua
-- include parts/settle.lua
-- include parts/claim.lua
local most, lease = tonumber(ARGV[6]), tonumber(ARGV[8])
local queues = {}
for i = 1, tonumber(ARGV[9]) do
  queues[i] = ARGV[9 + i]
end
local settled, tasks, more = '', {}, false
if ARGV[5] ~= '0' then
  settled = settle_all(10 + #queues, tonumber(ARGV[5]), ARGV[4] == '1')
end
if most > 0 then
  tasks, more = claim(most, ARGV[7], lease, queues)
end
sweep(2 * (#settled + 50))
publish()
return { settled, lease_end(lease), tasks, more and 1 or 0 }
