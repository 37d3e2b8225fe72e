-- Bring pending tasks that are past their expiry to rest.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 how many at the most
-- RETURNS  their keys
-- include parts/base.lua
-- include parts/task.lua
-- include parts/pending.lua
-- include parts/rest.lua
local keys = call('ZRANGEBYSCORE', P .. 'expiry', '-inf', now_text, 'LIMIT', 0, ARGV[4])
local expired = {}
for _, key in ipairs(keys) do
  local t = load(key)
  if t then
    leave_pending(t)
    come_to_rest(t, 'expired', now_text)
    save(t)
    expired[#expired + 1] = key
  else
    drop(P .. 'expiry', key)
  end
end
flush()
publish()
return expired
