-- A task's life: what scripts read and write of it, as one text.
--
-- state attempt failures losses cancel started finished rank created expires limit
-- queue, name, concurrency key, idempotency key and worker, a line each
--
-- "-" is no instant. ``rank`` is what claims sort by: ten digits that grow as the priority falls, then the instant at
-- which the task is due. A *place* is a rank with the task's key behind it; places sort by their bytes. The *traits*,
-- from ``created`` to the line feed before the worker, stay as they are and are the same for many tasks.
local LIFE = '^(%l+) (%d+) (%d+) (%d+) (%d) (%S+) (%S+) (%S+) (%S+ %S+ %d+\n[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*\n)(.*)$'
local TRAITS = '^%S+ (%S+) (%d+)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n$'
local LATEST = 253402300799999968 -- the last double before the year 10000

-- A table that makes what is asked of it, once.
local function made_by(make)
  return setmetatable({}, { __index = function(made, name)
    made[name] = make(name)
    return made[name]
  end })
end

-- The names of a queue's sets: one for each state, ``ready``, ``delayed``, ``parked`` and
-- ``retrying``.
local sets_of = made_by(function(queue)
  return made_by(function(name)
    return P .. name .. ':' .. queue
  end)
end)

local traits_of = made_by(function(text)
  local traits = { traits = text }
  traits.expires, traits.limit, traits.queue, traits.name, traits.ckey, traits.ikey = match(text, TRAITS)
  traits.sets = sets_of[traits.queue]
  return { __index = traits }
end)

-- How the life of a task begins that was never claimed. Most claims meet such tasks, and patterns are slow.
local FRESH = 'pending 0 0 0 0 - - '

local function parsed(key, task, life)
  if sub(life, 1, #FRESH) == FRESH then
    local gap = string.find(life, ' ', #FRESH + 1, true)
    return setmetatable({ key = key, task = task, state = 'pending', attempt = '0', failures = '0', losses = '0',
      cancel = '0', started = '-', finished = '-', rank = sub(life, #FRESH + 1, gap - 1), worker = '' },
      traits_of[sub(life, gap + 1)])
  end
  local t, traits = { key = key, task = task }, nil
  t.state, t.attempt, t.failures, t.losses, t.cancel, t.started, t.finished, t.rank, traits, t.worker = match(life, LIFE)
  return setmetatable(t, traits_of[traits])
end

local function life_of(t)
  return t.state .. ' ' .. t.attempt .. ' ' .. t.failures .. ' ' .. t.losses .. ' ' .. t.cancel .. ' ' .. t.started
    .. ' ' .. t.finished .. ' ' .. t.rank .. ' ' .. t.traits .. t.worker
end

-- The task that is called ``key``, or nothing.
local function load(key)
  local task = P .. 'task:' .. key
  local life = call('HGET', task, 'life')
  return life and parsed(key, task, life)
end

local function save(t)
  call('HSET', t.task, 'life', life_of(t))
end

-- The instant as a rank holds it: 16 digits, or ":" and 18 from the year 2286 on. Before 1970 it is "-" and 17 digits.
local function instant(at)
  if at < 1e16 then
    return format('%016.0f', at)
  end
  return format(':%018.0f', math.min(at, LATEST))
end

local function due_at(rank)
  return tonumber(sub(rank, 11)) or tonumber(sub(rank, 12))
end

-- The instant and the key in a place.
local function place_parts(place)
  local mark = string.byte(place, 11)
  if mark == 45 then
    return -1, sub(place, 29)
  elseif mark == 58 then
    return tonumber(sub(place, 12, 29)), sub(place, 30)
  end
  return tonumber(sub(place, 11, 26)), sub(place, 27)
end

local function holds(t, attempt, worker)
  return t and t.state == 'running' and t.attempt == attempt and t.worker == worker
end
