-- Tasks as another store kept them: key, life, how many texts of the hash, attempts and log lines follow, and these.
local function next_of(at)
  return at + 5 + ARGV[at + 2] + ARGV[at + 3] + ARGV[at + 4]
end

local function texts_between(first, last)
  local texts = {}
  for i = first, last do
    texts[#texts + 1] = ARGV[i]
  end
  return texts
end

local function is_taken(key, life)
  local ikey = match(life, '^[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*\n([^\n]*)')
  local named = ikey ~= '' and call('GET', P .. 'key:' .. ikey)
  return call('EXISTS', P .. 'task:' .. key) == 1 or named and call('EXISTS', P .. 'task:' .. named) == 1
end

-- Store the task at this place of the arguments as ``key``, which is free.
local function restore(key, at)
  local t = parsed(key, P .. 'task:' .. key, ARGV[at + 1])
  local attempts = at + 5 + ARGV[at + 2]
  local lines = attempts + ARGV[at + 3]
  call('HSET', t.task, 'life', ARGV[at + 1], unpack(ARGV, at + 5, attempts - 1))
  in_slices('RPUSH', P .. 'attempts:' .. key, texts_between(attempts, lines - 1))
  if ARGV[at + 4] ~= '0' then
    log(key, t.name, texts_between(lines, next_of(at) - 1))
  end
  call('SADD', P .. 'queues', t.queue)
  if t.ikey ~= '' then
    call('SET', P .. 'key:' .. t.ikey, key)
  end
  if t.state == 'pending' then
    enter_pending(t)
  else
    come_to_rest(t, t.state, t.finished == '-' and now_text or t.finished)
  end
end
