-- Add to what was counted.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4... of each: its span in microseconds, the instant at which it begins, its field, the count
-- RETURNS  nothing
-- include parts/base.lua
for i = 4, #ARGV, 4 do
  local span, at = ARGV[i], ARGV[i + 1]
  call('HINCRBY', P .. 'counted:' .. span .. ':' .. at, ARGV[i + 2], ARGV[i + 3])
  add(P .. 'counts:' .. span, at, at)
end
flush()
