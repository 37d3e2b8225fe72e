-- Reads all that there is of a task: nine values into ``out``, behind ``place``. Answers how long its documents are.
local function read_record(key, out, place)
  local fields = call('HMGET', P .. 'task:' .. key, 'life', 'payload', 'extra', 'result', 'error', 'version',
    'progress', 'note')
  for n = 1, 8 do
    out[place + n] = fields[n]
  end
  local queue = fields[1] and match(fields[1], '^running [^\n]*\n([^\n]*)')
  out[place + 9] = queue and call('ZSCORE', P .. 'running:' .. queue, key) or false
  return #(fields[2] or '') + #(fields[4] or '') + #(fields[5] or '')
end
