-- Remove a schedule with the record of its instants.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 its id
-- RETURNS  1 when there was one
-- include parts/base.lua
call('ZREM', P .. 'due', ARGV[4])
call('DEL', P .. 'fires:' .. ARGV[4])
return call('HDEL', P .. 'schedules', ARGV[4])
