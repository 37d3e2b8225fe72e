-- Store a batch of orders, all of them or none.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 "1" when some order has an id or an idempotency key of its own
--          5 "1" when the store numbers its tasks
--          6... five values an order, as in parts/put.lua
-- RETURNS  the keys of the tasks and, as a text of 0 and 1, which of them are new; or one key that is taken
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/number.lua
-- include parts/put.lua
local taken, keys, created = put(6, (#ARGV - 5) / 5, ARGV[4] == '1', ARGV[5] == '1')
if taken then
  return taken
end
publish()
return { keys, created }
