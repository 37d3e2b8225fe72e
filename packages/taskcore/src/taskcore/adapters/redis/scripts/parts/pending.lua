-- Where pending tasks wait: for their instant, for a worker, or for a slot of their concurrency key.
local PROMOTED = 10000

local function controls_of(queue)
  return unpack(call('HMGET', P .. 'controls', 'paused:' .. queue, 'limit:' .. queue))
end

local function blocked_member(t, place)
  return format('%07d', t.limit) .. '\n' .. t.queue .. '\n' .. place
end

-- Set a task aside whose key has no free slot, so that no claim meets it again until there is one.
local function park(t, place)
  call('ZADD', P .. 'blocked:' .. t.ckey, 0, blocked_member(t, place))
  add(t.sets.parked, due_at(t.rank), place)
end

-- Bring back the best task of each queue and limit that the running tasks of a key leave room for. One slot was freed,
-- so one of each is enough: those that find it taken again are parked again.
local function unpark(ckey)
  local blocked = P .. 'blocked:' .. ckey
  local running = call('SCARD', P .. 'slots:' .. ckey)
  local from = '[' .. format('%07d', running + 1)
  while true do
    local member = call('ZRANGEBYLEX', blocked, from, '+', 'LIMIT', 0, 1)[1]
    if not member then
      return
    end
    local group, queue, place = match(member, '^(%d+\n([^\n]*)\n)(.*)$')
    call('ZREM', blocked, member)
    call('ZREM', sets_of[queue].parked, place)
    call('ZADD', sets_of[queue].ready, 0, place)
    news[queue] = true
    from = '(' .. group .. '\255'
  end
end

local function enter_pending(t)
  local place, at = t.rank .. t.key, due_at(t.rank)
  add(t.sets.pending, 0, t.key)
  if t.attempt and t.attempt ~= '0' then
    add(t.sets.retrying, at, t.key)
  end
  if at <= now then
    add(t.sets.ready, 0, place)
  else
    add(t.sets.delayed, at, place)
  end
  if t.expires ~= '-' then
    add(P .. 'expiry', t.expires, t.key)
  end
  news[t.queue] = true
end

local function leave_pending(t)
  local place = t.rank .. t.key
  drop(t.sets.pending, t.key)
  drop(t.sets.ready, place)
  drop(t.sets.delayed, place)
  if t.attempt ~= '0' then
    drop(t.sets.retrying, t.key)
  end
  if t.expires ~= '-' then
    drop(P .. 'expiry', t.key)
  end
  if t.ckey ~= '' then
    drop(t.sets.parked, place)
    call('ZREM', P .. 'blocked:' .. t.ckey, blocked_member(t, place))
    unpark(t.ckey)
  end
end

-- Make ready what has become due; true when there may be more of it.
local function promote(queue)
  local delayed = sets_of[queue].delayed
  local due = call('ZRANGEBYSCORE', delayed, '-inf', now_text, 'LIMIT', 0, PROMOTED)
  if #due == 0 then
    return false
  end
  local scored = {}
  for i, place in ipairs(due) do
    scored[2 * i - 1] = 0
    scored[2 * i] = place
  end
  in_slices('ZADD', sets_of[queue].ready, scored)
  call('ZREMRANGEBYRANK', delayed, 0, #due - 1)
  return #due == PROMOTED
end
