-- The sessions of a user that are not over.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the user
-- RETURNS  a digest and its fields for each
-- include parts/base.lua
local out = {}
for _, digest in ipairs(call('ZRANGEBYSCORE', P .. 'sessions:' .. ARGV[4], '(' .. now_text, '+inf')) do
  local fields = call('HGETALL', P .. 'session:' .. digest)
  if #fields > 0 then
    out[#out + 1] = { digest, fields }
  end
end
return out
