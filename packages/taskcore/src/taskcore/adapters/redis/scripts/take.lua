-- Claim one pending task by its key.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the key
--          5 the worker
--          6 its lease in microseconds
-- RETURNS  1 the end of the lease in microseconds
--          2 five values as in exchange.lua, or none
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/claim.lua
local task, out = P .. 'task:' .. ARGV[4], {}
local fields = call('HMGET', task, 'life', 'payload', 'extra')
local t = fields[1] and parsed(ARGV[4], task, fields[1])
local lease_until = lease_end(tonumber(ARGV[6]))
if t and t.state == 'pending' then
  leave_pending(t)
  begin(t, fields, ARGV[5], lease_until, out)
  flush()
end
return { lease_until, out }
