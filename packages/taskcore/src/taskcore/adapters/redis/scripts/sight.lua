-- Keep what a worker says of itself, and forget those that have been silent for long.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the worker
--          5 what it says
--          6 after how many microseconds of silence one is forgotten
-- RETURNS  nothing
-- include parts/base.lua
local silent = call('ZRANGEBYSCORE', P .. 'seen', '-inf', whole(now - ARGV[6]), 'LIMIT', 0, 1000)
for _, worker in ipairs(silent) do
  call('HDEL', P .. 'workers', worker)
  drop(P .. 'seen', worker)
end
flush()
call('HSET', P .. 'workers', ARGV[4], ARGV[5])
call('ZADD', P .. 'seen', now_text, ARGV[4])
