-- Tasks at rest: how they come there, how they leave, and how they vanish.
local NAMES = { 'pending', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'interrupted' }

-- What is left to clean up once a task's own keys have vanished by themselves.
local function trace(key, t)
  return t.state .. '\n' .. t.queue .. '\n' .. t.name .. '\n' .. key
end

local function come_to_rest(key, t, state, finished)
  t.state, t.finished = state, finished
  add(P .. state .. ':' .. t.queue, 0, key)
  add(P .. 'finished:' .. state, finished, key)
  if keep then
    local left = whole(keep / 1000)
    add(P .. 'gone', whole(now + keep), trace(key, t))
    call('PEXPIRE', P .. 'task:' .. key, left)
    call('PEXPIRE', P .. 'attempts:' .. key, left)
    call('PEXPIRE', P .. 'log:' .. key, left)
    if t.ikey ~= '' then
      call('PEXPIRE', P .. 'key:' .. t.ikey, left)
    end
  end
end

local function leave_rest(key, t)
  drop(P .. t.state .. ':' .. t.queue, key)
  drop(P .. 'finished:' .. t.state, key)
  drop(P .. 'gone', trace(key, t))
end

-- Remove what belongs to a task beside the sets that list its state.
local function remove_keys(key, name)
  call('UNLINK', P .. 'task:' .. key, P .. 'attempts:' .. key, P .. 'log:' .. key)
  drop(P .. 'logged', key)
  drop(P .. 'logged:' .. name, key)
end

local function free_key(key, t)
  if t.ikey ~= '' and call('GET', P .. 'key:' .. t.ikey) == key then
    call('DEL', P .. 'key:' .. t.ikey)
  end
end

local emptied = {}

local function remove(key, t)
  if t.state == 'pending' then
    leave_pending(key, t)
  else
    leave_rest(key, t)
  end
  remove_keys(key, t.name)
  free_key(key, t)
  emptied[t.queue] = true
end

-- Forget queues in which no task is left; ``flush`` comes first.
local function forget_queues()
  for queue in pairs(emptied) do
    local keys = {}
    for i, name in ipairs(NAMES) do
      keys[i] = P .. name .. ':' .. queue
    end
    if call('EXISTS', unpack(keys)) == 0 then
      call('SREM', P .. 'queues', queue)
    end
  end
  emptied = {}
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
    if t then
      free_key(key, t)
    end
    drop(P .. state .. ':' .. queue, key)
    drop(P .. 'finished:' .. state, key)
    remove_keys(key, name)
    emptied[queue] = true
  end
  call('ZREMRANGEBYRANK', P .. 'gone', 0, #traces - 1)
  flush()
  forget_queues()
  return #traces == most
end
