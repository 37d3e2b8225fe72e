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
      room = math.min(most, limit - call('ZCARD', P .. 'running:' .. queue))
    end
    if not paused and room > 0 then
      local source = { queue = queue, ready = P .. 'ready:' .. queue, room = room, seen = 0, head = 0 }
      source.chunk = math.min(room, 1000)
      sources[#sources + 1] = source
    end
  end
  return sources, more
end

local function head_of(source)
  if not source.places or (source.head > #source.places and #source.places == source.chunk) then
    source.places = call('ZRANGE', source.ready, source.seen, source.seen + source.chunk - 1)
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
    local fields = call('HMGET', P .. 'task:' .. key, 'life', 'payload', 'extra')
    local t = fields[1] and parsed(fields[1])
    if not t then
      drop(P .. 'pending:' .. source.queue, key)
    elseif at > now then
      add(P .. 'delayed:' .. source.queue, at, place)
    elseif t.expires ~= '-' and tonumber(t.expires) <= now then
      freed[t.ckey] = true
    elseif t.ckey ~= '' and call('SCARD', P .. 'slots:' .. t.ckey) >= tonumber(t.limit) then
      park(t, place)
    else
      return source, key, t, fields
    end
    limits.aside = limits.aside - 1
  end
  return nil
end

-- Take what was seen out of the ready tasks.
local function leave_ready(sources)
  for _, source in ipairs(sources) do
    if source.seen > 0 then
      call('ZREMRANGEBYRANK', source.ready, 0, source.seen - 1)
    end
  end
  flush()
  freed[''] = nil
  for ckey in pairs(freed) do
    unpark(ckey)
  end
end

-- Make a pending task running, and add to ``out`` what tells of it.
local function begin(key, t, fields, worker, lease_until, out)
  local task, before = P .. 'task:' .. key, false
  if t.attempt ~= '0' then
    before = call('HMGET', task, 'result', 'error', 'version')
    call('HDEL', task, 'progress', 'note')
  end
  t.state, t.attempt, t.worker, t.started, t.finished = 'running', t.attempt + 1, worker, now_text, '-'
  local life = life_of(t)
  call('HSET', task, 'life', life)
  if t.ckey ~= '' then
    call('SADD', P .. 'slots:' .. t.ckey, key)
  end
  if t.cancel == '1' then
    call('SADD', P .. 'stopping:' .. worker, t.attempt .. ' ' .. key)
  end
  add(P .. 'running:' .. t.queue, lease_until, key)
  local size = #out
  out[size + 1], out[size + 2], out[size + 3], out[size + 4], out[size + 5] = key, life, fields[2], fields[3], before
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
    local source, key, t, fields = next_ready(sources, limits)
    if not source then
      break
    end
    source.room = source.room - 1
    count = count + 1
    drop(P .. 'pending:' .. t.queue, key)
    if t.expires ~= '-' then
      drop(P .. 'expiry', key)
    end
    begin(key, t, fields, worker, lease_until, out)
  end
  leave_ready(sources)
  return out, count == 0 and limits.aside == 0
end
