-- Read those of some tasks that meet conditions.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 a JSON object of conditions: ``name``, ``worker``, ``from`` and ``before`` (microseconds), objects with a member
--            for each of some ``phases`` and ``queues``, and ``extra``, which a task's must hold somewhere
--          5 how many at the most
--          6... keys of tasks
-- RETURNS  1 how many of the keys were looked at
--          2 ten values a task: its key, and nine as in read.lua
-- include parts/base.lua
-- include parts/task.lua
-- include parts/record.lua
local MOST_BYTES = 1000000 -- what is read, beside the last task

local wanted, most = cjson.decode(ARGV[4]), tonumber(ARGV[5])

local function phase_of(t)
  if t.state ~= 'pending' then
    return t.state
  elseif t.attempt ~= '0' then
    return 'retrying'
  end
  return due_at(t.rank) > now and 'scheduled' or 'queued'
end

local function is_wanted(t)
  return (not wanted.name or t.name == wanted.name)
    and (not wanted.queues or wanted.queues[t.queue])
    and (not wanted.worker or (t.attempt ~= '0' and t.worker == wanted.worker))
    and (not wanted.phases or wanted.phases[phase_of(t)])
end

local function is_in_time(t)
  if not wanted.from and not wanted.before then
    return true
  end
  local created = tonumber(match(t.traits, '^%S+'))
  return (not wanted.from or created >= wanted.from) and (not wanted.before or created < wanted.before)
end

local function has_extra(t)
  local extra = wanted.extra and call('HGET', t.task, 'extra')
  return not wanted.extra or (extra and string.find(extra, wanted.extra, 1, true))
end

local out, seen, found, bytes = {}, 0, 0, 0
for i = 6, #ARGV do
  if found == most or bytes > MOST_BYTES then
    break
  end
  seen = seen + 1
  local t = load(ARGV[i])
  if t and is_wanted(t) and is_in_time(t) and has_extra(t) then
    found = found + 1
    out[10 * found - 9] = ARGV[i]
    bytes = bytes + read_record(ARGV[i], out, 10 * found - 9)
  end
end
return { seen, out }
