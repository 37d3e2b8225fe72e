-- Read tasks.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4... their keys
-- RETURNS  nine values a task: life (nothing where there is no such task), payload, extra, result, error, version,
--          progress, note, and the end of its lease
-- include parts/base.lua
-- include parts/record.lua
local out = {}
for i = 4, #ARGV do
  read_record(ARGV[i], out, 9 * (i - 4))
end
return out
