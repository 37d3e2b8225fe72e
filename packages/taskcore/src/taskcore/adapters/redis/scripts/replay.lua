-- Make tasks at rest pending and due now.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 a JSON object: the event by which a worker brings a task to each state at rest
--          5... keys of tasks
-- RETURNS  a text of 0 and 1: which of them were replayed
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/rest.lua
-- include parts/attempts.lua
local ended_by = cjson.decode(ARGV[4])

local function remember_last(t)
  local event = ended_by[t.state]
  if t.attempt ~= '0' and event and not is_remembered(t) then
    local result, error, version = unpack(call('HMGET', t.task, 'result', 'error', 'version'))
    remember(t, event, event == 'succeed' and result, error, version)
  end
end

local function replay(key)
  local t = load(key)
  if not t or not ended_by[t.state] and t.state ~= 'expired' then
    return '0'
  end
  leave_rest(t)
  remember_last(t)
  t.state, t.failures, t.losses, t.cancel = 'pending', 0, 0, 0
  setmetatable(t, traits_of[string.gsub(t.traits, '^(%S+) %S+', '%1 -', 1)])
  t.rank = sub(t.rank, 1, 10) .. instant(now)
  enter_pending(t)
  save(t)
  call('HDEL', t.task, 'progress', 'note', 'result', 'error')
  if call('PERSIST', t.task) == 1 then
    call('PERSIST', P .. 'attempts:' .. key)
    call('PERSIST', P .. 'log:' .. key)
    call('PERSIST', P .. 'key:' .. t.ikey)
  end
  return '1'
end

local answers = {}
for i = 5, #ARGV do
  answers[i - 4] = replay(ARGV[i])
end
flush()
publish()
return table.concat(answers)
