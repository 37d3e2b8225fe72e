-- End the sessions of a user but one.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 the user
--          5 the digest of the one that stays, or ""
-- RETURNS  how many there were
-- include parts/base.lua
-- include parts/accounts.lua
local own, removed = P .. 'sessions:' .. ARGV[4], 0
for _, digest in ipairs(call('ZRANGE', own, 0, -1)) do
  if digest ~= ARGV[5] then
    removed = removed + remove_session(digest)
    call('ZREM', own, digest)
  end
end
return removed
