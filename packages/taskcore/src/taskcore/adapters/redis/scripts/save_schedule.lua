-- Store a schedule unless somebody else changed it meanwhile.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 its id
--          5 the version that was seen, or "" for none
--          6 "cursor next paused": instants in microseconds, "-" for no next one, and 0 or 1
--          7 its document
-- RETURNS  its version, or nothing when another version is there
-- include parts/base.lua
-- include parts/schedule.lua
if version_of(ARGV[4]) ~= ARGV[5] then
  return false
end
return store_schedule(ARGV[4], ARGV[6], ARGV[7])
