-- Store orders, five arguments each: key, rank, traits, payload, extra.
--
-- key     the task's key, or "" for the next number
-- rank    ten digits of priority, with an instant behind them where the order names one
-- traits  the part of a life from ``expires`` to the idempotency key, with its last line feed
-- extra   a document that scripts do not read, or ""

-- Look for ids and idempotency keys that are taken, before anything is stored: answers a key that is, or nothing and,
-- for each order that repeats another one, where the first is: a key, or the place of the order in this batch.
local function find_taken(first, count, numbered)
  local repeated, ids, keys, chosen = {}, {}, {}, {}
  for i = 1, count do
    local at = first + 5 * (i - 1)
    local key = ARGV[at]
    local ikey = match(ARGV[at + 2], '([^\n]*)\n$')
    local stored = ikey ~= '' and call('GET', P .. 'key:' .. ikey)
    if stored and call('EXISTS', P .. 'task:' .. stored) == 1 then
      repeated[i] = stored
    elseif ikey ~= '' and keys[ikey] then
      repeated[i] = keys[ikey]
    else
      if key ~= '' then
        if ids[key] or call('EXISTS', P .. 'task:' .. key) == 1 then
          return key
        end
        ids[key] = true
        chosen[#chosen + 1] = key
      end
      if ikey ~= '' then
        keys[ikey] = i
      end
    end
  end
  if numbered then
    for _, key in ipairs(chosen) do
      raise_number(key)
    end
  end
  return nil, repeated
end

-- The keys of a batch. They are all there before anything is stored, as the numbers might be used up.
local function keys_of(first, count, repeated)
  local keys = {}
  for i = 1, count do
    local key = ARGV[first + 5 * (i - 1)]
    if repeated[i] then
      key = keys[repeated[i]] or repeated[i]
    elseif key == '' then
      key = next_number()
    end
    keys[i] = key
  end
  return keys
end

local known = {}

local function store_order(key, rank, traits, payload, extra)
  local t = { key = key, task = P .. 'task:' .. key, rank = #rank == 10 and rank .. instant(now) or rank }
  setmetatable(t, traits_of[now_text .. ' ' .. traits])
  if not known[t.queue] then
    known[t.queue] = true
    call('SADD', P .. 'queues', t.queue)
  end
  local life = FRESH .. t.rank .. ' ' .. t.traits
  if extra == '' then
    call('HSET', t.task, 'life', life, 'payload', payload)
  else
    call('HSET', t.task, 'life', life, 'payload', payload, 'extra', extra)
  end
  if t.ikey ~= '' then
    call('SET', P .. 'key:' .. t.ikey, key)
  end
  enter_pending(t)
end

-- Answers a key that is taken, or nothing, all keys, and a "1" for each order that was stored and a "0" for the others.
local function put(first, count, chosen, numbered)
  local taken, repeated = nil, {}
  if chosen then
    taken, repeated = find_taken(first, count, numbered)
    if taken then
      return taken
    end
  end
  local keys, created = keys_of(first, count, repeated), {}
  for i = 1, count do
    created[i] = repeated[i] and '0' or '1'
    if not repeated[i] then
      local at = first + 5 * (i - 1)
      store_order(keys[i], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
    end
  end
  flush()
  return nil, keys, table.concat(created)
end
