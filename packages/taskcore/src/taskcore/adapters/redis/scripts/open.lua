-- Claim an empty database for this layout, or prove that it has it.
--
-- KEYS     1 {prefix}:layout
-- ARGV     1-3 as in parts/base.lua
-- RETURNS  the time in microseconds
-- include parts/base.lua
return now_text
