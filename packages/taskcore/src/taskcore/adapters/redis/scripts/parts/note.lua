-- A note: its text, and how long it is kept. After parts/base.lua.
--
-- ARGV  4 its name
local note = P .. 'note:' .. ARGV[4]

-- false where there is none
local function note_text()
  local text, ends = unpack(call('HMGET', note, 'text', 'until'))
  return text and tonumber(ends) > now and text
end
