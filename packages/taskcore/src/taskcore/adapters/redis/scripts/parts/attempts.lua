-- The attempts of a task that its record tells nothing of any more; the newest hundred of them.
local KEPT = 100

local function remember(t, event, result, error, version)
  local list = P .. 'attempts:' .. t.key
  local ended = { t.attempt, t.worker, t.started, t.finished, event, result or cjson.null, error or cjson.null,
    version or cjson.null }
  call('RPUSH', list, cjson.encode(ended))
  call('LTRIM', list, -KEPT, -1)
end

local function is_remembered(t)
  local last = call('LINDEX', P .. 'attempts:' .. t.key, -1)
  return last and match(last, '^%["?(%d+)') == t.attempt
end
