-- Tasks at rest: how they come there, how they leave, and how they vanish.
local NAMES = { 'pending', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'interrupted' }

local finished_sets = made_by(function(state)
  return P .. 'finished:' .. state
end)

-- What is left to clean up once a task's own keys have vanished by themselves.
local function trace(t)
  return t.state .. '\n' .. t.queue .. '\n' .. t.name .. '\n' .. t.key
end

local function come_to_rest(t, state, finished)
  t.state, t.finished = state, finished
  add(t.sets[state], 0, t.key)
  add(finished_sets[state], finished, t.key)
  if keep then
    local left = whole(keep / 1000)
    add(P .. 'gone', whole(now + keep), trace(t))
    call('PEXPIRE', t.task, left)
    call('PEXPIRE', P .. 'attempts:' .. t.key, left)
    call('PEXPIRE', P .. 'log:' .. t.key, left)
    if t.ikey ~= '' then
      call('PEXPIRE', P .. 'key:' .. t.ikey, left)
    end
  end
end

local function leave_rest(t)
  drop(t.sets[t.state], t.key)
  drop(finished_sets[t.state], t.key)
  drop(P .. 'gone', trace(t))
end

-- Remove what belongs to a task beside the sets that list its state.
local function remove_keys(key, name)
  call('UNLINK', P .. 'task:' .. key, P .. 'attempts:' .. key, P .. 'log:' .. key)
  drop(P .. 'logged', key)
  drop(P .. 'logged:' .. name, key)
end

local function free_key(t)
  if t.ikey ~= '' and call('GET', P .. 'key:' .. t.ikey) == t.key then
    call('DEL', P .. 'key:' .. t.ikey)
  end
end

local emptied = {}

local function remove(t)
  if t.state == 'pending' then
    leave_pending(t)
  else
    leave_rest(t)
  end
  remove_keys(t.key, t.name)
  free_key(t)
  emptied[t.queue] = true
end

-- Forget queues in which no task is left; ``flush`` comes first.
local function forget_queues()
  for queue in pairs(emptied) do
    local keys = {}
    for i, name in ipairs(NAMES) do
      keys[i] = sets_of[queue][name]
    end
    if call('EXISTS', unpack(keys)) == 0 then
      call('SREM', P .. 'queues', queue)
    end
  end
  emptied = {}
end

-- Clean up behind a task that has vanished, where a later one was put with the same id.
local function forget_namesake(state, queue, name, key, t)
  if t.state ~= state or t.queue ~= queue then
    drop(sets_of[queue][state], key)
  end
  if t.state ~= state then
    drop(finished_sets[state], key)
  end
  if t.name ~= name then
    drop(P .. 'logged:' .. name, key)
  end
end

-- Clean up behind up to ``most`` tasks whose time is over; true when there may be more of them.
local function sweep(most)
  local traces = call('ZRANGEBYSCORE', P .. 'gone', '-inf', now_text, 'LIMIT', 0, most)
  if #traces == 0 then
    return false
  end
  for _, text in ipairs(traces) do
    local state, queue, name, key = match(text, '^(%l+)\n([^\n]*)\n([^\n]*)\n(.*)$')
    local t = load(key)
    if not t or trace(t) == text then
      if t then
        free_key(t)
      end
      drop(sets_of[queue][state], key)
      drop(finished_sets[state], key)
      remove_keys(key, name)
    else
      forget_namesake(state, queue, name, key, t)
    end
    emptied[queue] = true
  end
  call('ZREMRANGEBYRANK', P .. 'gone', 0, #traces - 1)
  flush()
  forget_queues()
  return #traces == most
end
