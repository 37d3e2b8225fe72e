-- Read a short text.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
--          4 as in parts/note.lua
-- RETURNS  the time, and the text if there is one
-- include parts/base.lua
-- include parts/note.lua
return { now_text, note_text() }
