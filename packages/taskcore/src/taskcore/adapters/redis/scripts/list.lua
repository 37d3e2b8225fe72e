-- The next keys of tasks in each of some states and queues.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 "newest" or "oldest"
--          5 behind which key, or "" from the start
--          6 how many of each at the most
--          7 the queue, or "" for all
--          8... the states
-- RETURNS  1 how many of each were asked for; less when there are many lists
--          2 a list of keys in that order for each queue and state but "running"
--          3 the keys of all running tasks, in no order
-- include parts/base.lua
local ALTOGETHER = 20000

local queues = { ARGV[7] }
if ARGV[7] == '' then
  queues = call('SMEMBERS', P .. 'queues')
end
local command, from, to = 'ZRANGEBYLEX', '-', '+'
if ARGV[4] == 'newest' then
  command, from, to = 'ZREVRANGEBYLEX', '+', '-'
end
if ARGV[5] ~= '' then
  from = '(' .. ARGV[5]
end
local count = math.max(1, #queues * (#ARGV - 7))
local most = math.min(tonumber(ARGV[6]), math.max(1, math.floor(ALTOGETHER / count)))
local lists, running = {}, {}
for _, queue in ipairs(queues) do
  for i = 8, #ARGV do
    local set = P .. ARGV[i] .. ':' .. queue
    if ARGV[i] == 'running' then
      for _, key in ipairs(call('ZRANGE', set, 0, -1)) do
        running[#running + 1] = key
      end
    else
      local keys = call(command, set, from, to, 'LIMIT', 0, most)
      if #keys > 0 then
        lists[#lists + 1] = keys
      end
    end
  end
end
return { most, lists, running }
