-- Store an audit entry, and drop the oldest where there are too many.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the document: a JSON list that begins with actor, action and target
--          5 how many are kept
-- RETURNS  the id, which begins with the time
-- include parts/base.lua
-- include parts/accounts.lua
-- include parts/entries.lua
local id = fresh_id()
call('HSET', P .. 'entries', id, ARGV[4])
for _, name in ipairs(lists_of(ARGV[4])) do
  list(name, id)
end
local extra = math.min(100, call('ZCARD', P .. 'log') - ARGV[5])
if extra > 0 then
  remove_entries(call('ZRANGE', P .. 'log', 0, extra - 1))
end
return id
