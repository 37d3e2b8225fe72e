-- Stop a task, as ``TaskQueue.cancel`` tells it; answers its state afterwards, false where there is no such task.
local function cancel(key)
  local t = load(key)
  if not t then
    return false
  end
  if t.state == 'pending' then
    leave_pending(t)
    come_to_rest(t, 'cancelled', now_text)
  elseif t.state == 'running' then
    t.cancel = '1'
    call('SADD', P .. 'stopping:' .. t.worker, t.attempt .. ' ' .. key)
  else
    return t.state
  end
  save(t)
  return t.state
end
