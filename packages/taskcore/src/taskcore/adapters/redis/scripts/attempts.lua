-- Read a task with the attempts that are over and that its record tells nothing of any more.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 its key
-- RETURNS  life, result, error and version of the task, then the attempts from first to last
-- include parts/base.lua
return {
  call('HMGET', P .. 'task:' .. ARGV[4], 'life', 'result', 'error', 'version'),
  call('LRANGE', P .. 'attempts:' .. ARGV[4], 0, -1),
}
