-- Read tasks.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4... their keys
-- RETURNS  nine values a task: life (nothing where there is no such task), payload, extra, result, error, version,
--          progress, note, and the end of its lease
-- include parts/base.lua
local out = {}
for i = 4, #ARGV do
  local fields = call('HMGET', P .. 'task:' .. ARGV[i], 'life', 'payload', 'extra', 'result', 'error', 'version',
    'progress', 'note')
  local size = 9 * (i - 4)
  for n = 1, 8 do
    out[size + n] = fields[n]
  end
  local queue = fields[1] and match(fields[1], '^running [^\n]*\n([^\n]*)')
  out[size + 9] = queue and call('ZSCORE', P .. 'running:' .. queue, ARGV[i]) or false
end
return out
