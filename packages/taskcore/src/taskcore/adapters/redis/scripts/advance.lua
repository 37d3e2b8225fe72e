-- One step of a schedule: put its tasks, cancel others, record the instants, move the cursor.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 its id
--          5 the version that was seen
--          6 "cursor next": instants in microseconds, "-" for no next one
--          7 "1" when some order has an id or an idempotency key of its own
--          8 "1" when the store numbers its tasks
--          9 how many tasks to cancel
--          10 how many instants to record
--          11... keys of the tasks to cancel; for each instant its record and the number of its order, or ""; the
--          orders with five values each, as in parts/put.lua
-- RETURNS  the keys of the tasks that were put; nothing when the schedule is gone or has another version; or one key
--          that is taken
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/rest.lua
-- include parts/cancel.lua
-- include parts/number.lua
-- include parts/put.lua
-- include parts/schedule.lua
local KEPT = 10000 -- records of a schedule: KEPT_FIRES

local id, cancelled, instants = ARGV[4], tonumber(ARGV[9]), tonumber(ARGV[10])
local stored = call('HGET', P .. 'schedules', id)
if not stored or version_of(id) ~= ARGV[5] then
  return false
end
local first = 11 + cancelled + 2 * instants
local taken, keys = put(first, (#ARGV - first + 1) / 5, ARGV[7] == '1', ARGV[8] == '1')
if taken then
  return taken
end
for i = 11, 10 + cancelled do
  cancel(ARGV[i])
end
flush()
for i = 11 + cancelled, first - 1, 2 do
  local order = tonumber(ARGV[i + 1])
  call('LPUSH', P .. 'fires:' .. id, order and ARGV[i] .. keys[order] or ARGV[i])
end
call('LTRIM', P .. 'fires:' .. id, 0, KEPT - 1)
local paused, document = match(stored, '^%d+ %S+ %S+ (%d)\n(.*)$')
store_schedule(id, ARGV[6] .. ' ' .. paused, document)
publish()
return keys
