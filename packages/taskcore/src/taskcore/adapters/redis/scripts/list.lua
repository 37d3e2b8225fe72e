-- The next keys of tasks in each of some states and queues.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 "newest" or "oldest"
--          5 behind which key, or "" from the start
--          6 how many of each at the most
--          7 how many queues, or 0 for all
--          8... the queues, then the states; "retrying" for those pending tasks that were tried before
-- RETURNS  1 how many of each were asked for; less when there are many lists
--          2 a list of keys in that order for each queue and state that has any
--          3 the keys of all running and retrying tasks, in no order
-- include parts/base.lua
local ALTOGETHER = 5000
local FEW = 2000 -- retrying tasks that are listed; among more of them pending ones are as good

local first = 8 + tonumber(ARGV[7])
local queues = {}
for i = 8, first - 1 do
  queues[i - 7] = ARGV[i]
end
if first == 8 then
  queues = call('SMEMBERS', P .. 'queues')
end
local command, from, to = 'ZRANGEBYLEX', '-', '+'
if ARGV[4] == 'newest' then
  command, from, to = 'ZREVRANGEBYLEX', '+', '-'
end
if ARGV[5] ~= '' then
  from = '(' .. ARGV[5]
end

local sets, unordered = {}, {}
for _, queue in ipairs(queues) do
  for i = first, #ARGV do
    local state = ARGV[i]
    local set = P .. state .. ':' .. queue
    local size = call('ZCARD', set)
    if state == 'retrying' and size > FEW then
      sets[#sets + 1] = P .. 'pending:' .. queue
    elseif state == 'running' or state == 'retrying' then
      for _, key in ipairs(size > 0 and call('ZRANGE', set, 0, -1) or {}) do
        unordered[#unordered + 1] = key
      end
    elseif size > 0 then
      sets[#sets + 1] = set
    end
  end
end
local most = math.min(tonumber(ARGV[6]), math.max(1, math.floor(ALTOGETHER / math.max(1, #sets))))
local lists = {}
for _, set in ipairs(sets) do
  local keys = call(command, set, from, to, 'LIMIT', 0, most)
  if #keys > 0 then
    lists[#lists + 1] = keys
  end
end
return { most, lists, unordered }
