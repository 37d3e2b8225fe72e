-- Audit entries, the newest first.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 how many at the most
--          5 above which id they are, as a bound of ZRANGEBYLEX
--          6 below which id
--          7... the lists that they must be in, without the prefix
-- RETURNS  1 where to go on as a bound, or "" if there is nothing more
--          2 an id and a document for each
-- include parts/base.lua
local LOOKED_AT = 5000

local most, least = tonumber(ARGV[4]), math.huge
local shortest
for i = 7, #ARGV do
  local size = call('ZCARD', P .. ARGV[i])
  if size < least then
    shortest, least = ARGV[i], size
  end
end
local function fits(id)
  for i = 7, #ARGV do
    if ARGV[i] ~= shortest and not call('ZSCORE', P .. ARGV[i], id) then
      return false
    end
  end
  return true
end
local out, ids = {}, call('ZREVRANGEBYLEX', P .. shortest, ARGV[6], ARGV[5], 'LIMIT', 0, LOOKED_AT)
for _, id in ipairs(ids) do
  if fits(id) then
    out[#out + 1] = { id, call('HGET', P .. 'entries', id) }
    if #out == most then
      return { '', out }
    end
  end
end
return { #ids == LOOKED_AT and '(' .. ids[#ids] or '', out }
