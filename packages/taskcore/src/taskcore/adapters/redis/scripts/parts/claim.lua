-- Hand out ready tasks, best first.
local ASIDE = 1000

-- Byte order; ``<`` would follow the language of the server's machine.
local function before(a, b)
  local i = 1
  while true do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y or not x then
      return (x or -1) < (y or -1)
    end
    i = i + 1
  end
end

-- Where ready tasks are taken from: the queues that are not held back. True when not all that is due has its rank yet.
local function sources_of(queues, most)
  local sources, more = {}, false
  for _, queue in ipairs(queues) do
    more = promote(queue) or more
    local paused, limit = controls_of(queue)
    local room = most
    if limit then
      room = math.min(most, limit - call('ZCARD', sets_of[queue].running))
    end
    if not paused and room > 0 then
      sources[#sources + 1] =
        { queue = queue, sets = sets_of[queue], room = room, chunk = math.min(room, 1000), seen = 0, head = 0 }
    end
  end
  return sources, more
end

local function head_of(source)
  if not source.places or (source.head > #source.places and #source.places == source.chunk) then
    source.places = call('ZRANGE', source.sets.ready, source.seen, source.seen + source.chunk - 1)
    source.head = 1
  end
  return source.places[source.head]
end

local function best(sources)
  local chosen, head
  for _, source in ipairs(sources) do
    local place = source.room > 0 and head_of(source)
    if place and (not head or before(place, head)) then
      chosen, head = source, place
    end
  end
  return chosen, head
end

local freed = {}

-- The best task that may begin; what may not is put where it belongs. ``limits.aside`` says how much of that to bear.
local function next_ready(sources, limits)
  while limits.aside > 0 do
    local source, place = best(sources)
    if not source then
      return nil
    end
    source.seen, source.head = source.seen + 1, source.head + 1
    local at, key = place_parts(place)
    local task = P .. 'task:' .. key
    local fields = call('HMGET', task, 'life', 'payload', 'extra')
    local t = fields[1] and parsed(key, task, fields[1])
    if not t then
      drop(source.sets.pending, key)
      drop(source.sets.retrying, key)
    elseif at > now then
      add(source.sets.delayed, at, place)
    elseif t.expires ~= '-' and tonumber(t.expires) <= now then
      freed[t.ckey] = true
    elseif t.ckey ~= '' and call('SCARD', P .. 'slots:' .. t.ckey) >= tonumber(t.limit) then
      park(t, place)
    else
      return source, t, fields
    end
    limits.aside = limits.aside - 1
  end
  return nil
end

-- Take what was seen out of the ready tasks.
local function leave_ready(sources)
  for _, source in ipairs(sources) do
    if source.seen > 0 then
      call('ZREMRANGEBYRANK', source.sets.ready, 0, source.seen - 1)
    end
  end
  flush()
  freed[''] = nil
  for ckey in pairs(freed) do
    unpark(ckey)
  end
end

-- Make a pending task running, and add to ``out`` what tells of it.
local function begin(t, fields, worker, lease_until, out)
  local before = false
  if t.attempt ~= '0' then
    before = call('HMGET', t.task, 'result', 'error', 'version')
    call('HDEL', t.task, 'progress', 'note')
  end
  t.state, t.attempt, t.worker, t.started, t.finished = 'running', t.attempt + 1, worker, now_text, '-'
  local life = life_of(t)
  call('HSET', t.task, 'life', life)
  if t.ckey ~= '' then
    call('SADD', P .. 'slots:' .. t.ckey, t.key)
  end
  if t.cancel == '1' then
    call('SADD', P .. 'stopping:' .. worker, t.attempt .. ' ' .. t.key)
  end
  add(t.sets.running, lease_until, t.key)
  local size = #out
  out[size + 1], out[size + 2], out[size + 3], out[size + 4], out[size + 5] = t.key, life, fields[2], fields[3], before
end

local function lease_end(lease)
  return whole(math.min(now + lease, LATEST))
end

-- Answers five values a task, and whether a further call may find tasks although this one found none.
local function claim(most, worker, lease, queues)
  local sources, more = sources_of(queues, most)
  local out = {}
  if more then
    return out, more
  end
  local lease_until, limits, count = lease_end(lease), { aside = ASIDE }, 0
  while count < most do
    local source, t, fields = next_ready(sources, limits)
    if not source then
      break
    end
    source.room = source.room - 1
    count = count + 1
    drop(t.sets.pending, t.key)
    if t.attempt ~= '0' then
      drop(t.sets.retrying, t.key)
    end
    if t.expires ~= '-' then
      drop(P .. 'expiry', t.key)
    end
    begin(t, fields, worker, lease_until, out)
  end
  leave_ready(sources)
  return out, count == 0 and limits.aside == 0
end
