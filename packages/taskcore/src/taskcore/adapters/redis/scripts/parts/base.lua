-- What every script begins with: the names of keys, the time, and writes that are collected.
--
-- KEYS  1 {prefix}:layout; all other names are built from it and share its hash tag, so that they are in its slot
-- ARGV  1 the time in microseconds, or "" for the server's own
--       2 the layout that the caller works with
--       3 microseconds that a task at rest is kept, or "" for ever
local call, format, match, sub = redis.call, string.format, string.match, string.sub
local P = sub(KEYS[1], 1, -7)

local layout = call('GET', KEYS[1])
if not layout then
  call('SET', KEYS[1], ARGV[2])
elseif layout ~= ARGV[2] then
  return redis.error_reply('LAYOUT ' .. layout)
end

local now = tonumber(ARGV[1])
if not now then
  local time = call('TIME')
  now = time[1] * 1000000 + time[2]
end
local keep = tonumber(ARGV[3])

-- Numbers become text here alone: Lua's own way keeps 14 digits, an instant has 16.
local function whole(number)
  return format('%.0f', number)
end

local now_text = whole(now)

local function in_slices(command, key, values)
  for first = 1, #values, 4000 do
    call(command, key, unpack(values, first, math.min(first + 3999, #values)))
  end
end

-- Changes of sorted sets, a command for each set instead of one for each member.
local adds, drops = {}, {}

local function add(key, score, member)
  local batch = adds[key]
  if not batch then
    batch = {}
    adds[key] = batch
  end
  local size = #batch
  batch[size + 1] = score
  batch[size + 2] = member
end

local function drop(key, member)
  local batch = drops[key]
  if not batch then
    batch = {}
    drops[key] = batch
  end
  batch[#batch + 1] = member
end

local function flush()
  for key, members in pairs(drops) do
    in_slices('ZREM', key, members)
  end
  for key, scored in pairs(adds) do
    in_slices('ZADD', key, scored)
  end
  adds, drops = {}, {}
end

-- Queues in which something may have become ready; those who wait are told at the end.
local news = {}

local function publish()
  for queue in pairs(news) do
    if call('EXISTS', P .. 'ready:' .. queue, P .. 'delayed:' .. queue) > 0 then
      call('PUBLISH', P .. 'work', queue)
    end
  end
end
