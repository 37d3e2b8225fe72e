-- Log lines, each with a number in front that follows the time at which it was stored.
local function log(key, name, lines)
  local numbered, last = {}, call('INCRBY', P .. 'lines', #lines)
  for i, line in ipairs(lines) do
    numbered[i] = whole(last - #lines + i) .. ' ' .. line
  end
  in_slices('RPUSH', P .. 'log:' .. key, numbered)
  add(P .. 'logged', last, key)
  add(P .. 'logged:' .. name, last, key)
end
