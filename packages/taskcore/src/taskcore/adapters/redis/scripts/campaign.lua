-- Take or renew a named lease.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 its name
--          5 who wants it
--          6 for how many microseconds
-- RETURNS  its holder, epoch and end
-- include parts/base.lua
local key, candidate = P .. 'leader:' .. ARGV[4], ARGV[5]
local holder, epoch, ends = unpack(call('HMGET', key, 'holder', 'epoch', 'until'))
if holder ~= candidate and holder and tonumber(ends) > now then
  return { holder, epoch, ends }
end
if holder ~= candidate then
  epoch = whole((epoch or 0) + 1)
end
ends = whole(math.min(now + ARGV[6], 253402300799999968))
call('HSET', key, 'holder', candidate, 'epoch', epoch, 'until', ends)
return { candidate, epoch, ends }
