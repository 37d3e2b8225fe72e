-- Count the tasks of each queue.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
-- RETURNS  eleven values a queue: its name, how many are pending, running, succeeded, failed, cancelled, expired and
--          interrupted, how many of the pending ones are scheduled and how many retrying, and the instant since when
--          the longest-waiting due one has waited, or ""
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/rest.lua
local PATIENCE = 100 -- tasks past their expiry that are passed over

local function wanted(key)
  local t = load(key)
  return t and (t.expires == '-' or tonumber(t.expires) > now)
end

-- The first of these that somebody still wants.
local function first_wanted(places)
  for _, place in ipairs(places) do
    local at, key = place_parts(place)
    if at <= now and wanted(key) then
      return at
    end
  end
end

-- Ready tasks sort by priority first, so the oldest of each priority is asked for.
local function oldest_ready(queue)
  local ready, from, oldest = sets_of[queue].ready, '-', nil
  for _ = 1, PATIENCE do
    local places = call('ZRANGEBYLEX', ready, from, '+', 'LIMIT', 0, PATIENCE)
    if #places == 0 then
      break
    end
    local priority, same = sub(places[1], 1, 10), {}
    for i, place in ipairs(places) do
      if sub(place, 1, 10) == priority then
        same[i] = place
      end
    end
    local at = first_wanted(same)
    oldest = at and math.min(at, oldest or at) or oldest
    from = '(' .. priority .. '\255'
  end
  return oldest
end

local function oldest_due(queue)
  local oldest = oldest_ready(queue)
  for _, name in ipairs({ 'delayed', 'parked' }) do
    local at = first_wanted(call('ZRANGEBYSCORE', sets_of[queue][name], '-inf', now_text, 'LIMIT', 0, PATIENCE))
    oldest = at and math.min(at, oldest or at) or oldest
  end
  return oldest and whole(oldest) or ''
end

-- Tasks that were never tried and are not due yet.
local function scheduled(sets)
  local later = '(' .. now_text
  return math.max(0, call('ZCOUNT', sets.delayed, later, '+inf') - call('ZCOUNT', sets.retrying, later, '+inf'))
end

local out = {}
for _, queue in ipairs(call('SMEMBERS', P .. 'queues')) do
  out[#out + 1] = queue
  for _, state in ipairs(NAMES) do
    out[#out + 1] = call('ZCARD', sets_of[queue][state])
  end
  out[#out + 1] = scheduled(sets_of[queue])
  out[#out + 1] = call('ZCARD', sets_of[queue].retrying)
  out[#out + 1] = oldest_due(queue)
end
return out
