-- Write a short text, if the one before is the one that the caller knows.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 as in parts/note.lua
--          5 the new text
--          6 for how many microseconds it is kept
--          7 the old one, if there was one
-- RETURNS  1, or 0 where it is another one by now
-- include parts/base.lua
-- include parts/note.lua
if note_text() ~= (ARGV[7] or false) then
  return 0
end
call('HSET', note, 'text', ARGV[5], 'until', whole(now + ARGV[6]))
call('PEXPIRE', note, whole(math.ceil(ARGV[6] / 1000)))
return 1
