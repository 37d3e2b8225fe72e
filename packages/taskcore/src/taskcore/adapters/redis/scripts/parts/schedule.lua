-- A schedule is stored as "version cursor next paused", a line feed, and its document. Versions are never used twice.
local function version_of(id)
  return match(call('HGET', P .. 'schedules', id) or '', '^%d*')
end

local function store_schedule(id, standing, document)
  local version = whole(call('INCR', P .. 'version'))
  call('HSET', P .. 'schedules', id, version .. ' ' .. standing .. '\n' .. document)
  local next_at, paused = match(standing, '^%S+ (%S+) (%d)$')
  if next_at == '-' or paused == '1' then
    call('ZREM', P .. 'due', id)
  else
    call('ZADD', P .. 'due', next_at, id)
  end
  return version
end
