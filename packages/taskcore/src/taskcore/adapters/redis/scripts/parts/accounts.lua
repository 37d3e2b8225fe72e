-- What the scripts of accounts have in common.

-- An id that begins with the time at which it is given, and sorts behind all before it, whatever the clock does.
local function fresh_id()
  local last, number = unpack(call('HMGET', P .. 'last', 'at', 'number'))
  local at = math.max(now, tonumber(last or 0))
  number = at > tonumber(last or 0) and 0 or number + 1
  call('HSET', P .. 'last', 'at', whole(at), 'number', whole(number))
  return format('%016.0f-%06.0f', at, number)
end

-- Lists, each of ids in their order.
local function list(name, id)
  call('ZADD', P .. name, 0, id)
end

local function unlist(name, id)
  call('ZREM', P .. name, id)
end

local function remove_session(digest)
  local user = call('HGET', P .. 'session:' .. digest, 'user')
  unlist('seen', digest)
  if user then
    call('ZREM', P .. 'sessions:' .. user, digest)
  end
  return call('DEL', P .. 'session:' .. digest)
end

-- The end of a key decides when it may be pruned.
local function end_key(id, field, at)
  local before = tonumber(call('ZSCORE', P .. 'ended', id))
  call('HSET', P .. 'key:' .. id, field, whole(at))
  if not before or at < before then
    call('ZADD', P .. 'ended', whole(at), id)
  end
end

local function revoke(id)
  local key = P .. 'key:' .. id
  if call('EXISTS', key) == 0 or call('HEXISTS', key, 'revoked') == 1 then
    return 0
  end
  end_key(id, 'revoked', now)
  return 1
end

local function is_over(id)
  local ended = tonumber(call('ZSCORE', P .. 'ended', id))
  return ended and ended <= now
end

-- Whether the user is the last enabled admin, and so may not go.
local function is_last_admin(id)
  return call('SISMEMBER', P .. 'admins', id) == 1 and call('SCARD', P .. 'admins') == 1
end

