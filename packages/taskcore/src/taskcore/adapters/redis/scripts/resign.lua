-- Give a named lease back. Its record stays, so that the epoch goes on; nobody's name is empty.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 its name
--          5 who held it
--          6 the epoch
-- RETURNS  nothing
-- include parts/base.lua
local key = P .. 'leader:' .. ARGV[4]
local holder, epoch = unpack(call('HMGET', key, 'holder', 'epoch'))
if holder == ARGV[5] and epoch == ARGV[6] then
  call('HSET', key, 'holder', '', 'until', now_text)
end
