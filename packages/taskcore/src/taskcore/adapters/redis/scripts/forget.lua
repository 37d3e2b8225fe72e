-- Forget a worker.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the worker
-- RETURNS  1 when it was known
-- include parts/base.lua
call('ZREM', P .. 'seen', ARGV[4])
return call('HDEL', P .. 'workers', ARGV[4])
