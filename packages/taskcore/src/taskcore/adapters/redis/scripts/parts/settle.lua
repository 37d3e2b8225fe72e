-- The ends of attempts, six arguments each: key, head, worker, result, error, version.
--
-- head    "state event attempt failures losses wait started finished": where the event leads and its name; whether a
--         count stays (=), grows (+) or begins anew (0); when the task is due again: "+" and microseconds from now, "@"
--         and an instant, or "=" as before; the instants may be "-"
-- result, error, version   "=" and a text, "" for none, "." for what was there before

local HEAD = '^(%l+) (%l+) (%d+) (.) (.) (%S+) (%S+) (%S+)$'

local function counted(count, how)
  if how == '+' then
    return count + 1
  end
  return how == '0' and '0' or count
end

local limited = {}

local function is_limited(queue)
  if limited[queue] == nil then
    limited[queue] = call('HEXISTS', P .. 'controls', 'limit:' .. queue) == 1
  end
  return limited[queue]
end

local function end_lease(t)
  drop(t.sets.running, t.key)
  if t.cancel == '1' then
    call('SREM', P .. 'stopping:' .. t.worker, t.attempt .. ' ' .. t.key)
  end
  if t.ckey ~= '' then
    call('SREM', P .. 'slots:' .. t.ckey, t.key)
    unpark(t.ckey)
  end
  if is_limited(t.queue) then
    news[t.queue] = true
  end
end

local function text_in(value)
  return sub(value, 1, 1) == '=' and sub(value, 2)
end

-- The common case by itself, as it needs one command: a first attempt that leaves no text.
local function write(t, result, error, version)
  if t.attempt == '1' and result .. error .. version == '' then
    return save(t)
  end
  local texts, nothing = { 'life', life_of(t) }, {}
  for name, value in pairs({ result = result, error = error, version = version }) do
    if value == '' then
      nothing[#nothing + 1] = name
    elseif value ~= '.' then
      texts[#texts + 1] = name
      texts[#texts + 1] = sub(value, 2)
    end
  end
  call('HSET', t.task, unpack(texts))
  if #nothing > 0 then
    call('HDEL', t.task, unpack(nothing))
  end
end

local function due_again(t, wait)
  local how, value = sub(wait, 1, 1), sub(wait, 2)
  if how == '+' then
    t.rank = sub(t.rank, 1, 10) .. instant(now + value)
  elseif how == '@' then
    t.rank = sub(t.rank, 1, 10) .. value
  end
end

local function settle(at, overdue_only)
  local t = load(ARGV[at])
  local state, event, attempt, failures, losses, wait, started, finished = match(ARGV[at + 1], HEAD)
  if not holds(t, attempt, ARGV[at + 2]) then
    return '0'
  end
  if overdue_only and (tonumber(call('ZSCORE', t.sets.running, t.key) or 0)) > now then
    return '0'
  end
  local result, error, version = ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
  end_lease(t)
  t.failures, t.losses = counted(t.failures, failures), counted(t.losses, losses)
  t.started = started == '-' and t.started or started
  t.finished = finished == '-' and now_text or finished
  if state == 'pending' then
    remember(t, event, text_in(result), text_in(error), text_in(version))
    due_again(t, wait)
    t.state = state
    enter_pending(t)
  else
    come_to_rest(t, state, t.finished)
  end
  write(t, result, error, version)
  return '1'
end

local function settle_all(first, count, overdue_only)
  local answers = {}
  for i = 1, count do
    answers[i] = settle(first + 6 * (i - 1), overdue_only)
  end
  flush()
  return table.concat(answers)
end
