-- The ends of attempts: for each its head, its worker, and the texts that the head announces.
--
-- head  "state event attempt marks wait started finished key": where the event leads and its name; when the task is due
--       again ("+" and microseconds from now, "@" and an instant, or "=" as before); the instants may be "-"
-- marks five letters. Whether the counts of failures and losses stay (=), grow (+) or begin anew (0); whether result,
--       error and version follow as texts (t), are none (-), or stay what they were before (=)
local HEAD = '^(%l+) (%l+) (%d+) (.)(.)(...) (%S+) (%S+) (%S+) (.*)$'
local TEXTS, NONE = { 'result', 'error', 'version' }, {}

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

-- The texts that follow a head with these marks, by name, and where the next head is.
local function texts_at(at, marks)
  if not string.find(marks, 't', 1, true) then
    return NONE, at
  end
  local texts = {}
  for i, name in ipairs(TEXTS) do
    if sub(marks, i, i) == 't' then
      texts[name], at = ARGV[at], at + 1
    end
  end
  return texts, at
end

-- The common case by itself, as it needs one command: a first attempt that leaves no text.
local function write(t, marks, texts)
  if texts == NONE and t.attempt == '1' then
    return save(t)
  end
  local present, nothing = { 'life', life_of(t) }, {}
  for i, name in ipairs(TEXTS) do
    if texts[name] then
      present[#present + 1] = name
      present[#present + 1] = texts[name]
    elseif sub(marks, i, i) == '-' then
      nothing[#nothing + 1] = name
    end
  end
  call('HSET', t.task, unpack(present))
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

-- Answers whether the fence let it pass, and where the next one begins.
local function settle(at, overdue_only)
  local state, event, attempt, failures, losses, marks, wait, started, finished, key = match(ARGV[at], HEAD)
  local worker, texts, following = ARGV[at + 1], texts_at(at + 2, marks)
  local t = load(key)
  if not holds(t, attempt, worker) then
    return '0', following
  end
  if overdue_only and tonumber(call('ZSCORE', t.sets.running, key) or 0) > now then
    return '0', following
  end
  end_lease(t)
  t.failures, t.losses = counted(t.failures, failures), counted(t.losses, losses)
  t.started = started == '-' and t.started or started
  t.finished = finished == '-' and now_text or finished
  if state == 'pending' then
    remember(t, event, texts.result, texts.error, texts.version)
    due_again(t, wait)
    t.state = state
    enter_pending(t)
  else
    come_to_rest(t, state, t.finished)
  end
  write(t, marks, texts)
  return '1', following
end

local function settle_all(at, count, overdue_only)
  local answers = {}
  for i = 1, count do
    answers[i], at = settle(at, overdue_only)
  end
  flush()
  return table.concat(answers)
end
