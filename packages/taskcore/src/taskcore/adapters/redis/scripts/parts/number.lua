-- The numbers of a store that numbers its tasks; a key is a letter for the number's length with the number behind it.
local function next_number()
  local number = call('INCR', P .. 'number')
  local text = number < 9e15 and whole(number) or call('GET', P .. 'number')
  return string.char(96 + #text) .. text
end

-- Numbers that the store gives go on behind one that a caller chose.
local function raise_number(key)
  local last, chosen = call('GET', P .. 'number') or '0', sub(key, 2)
  if #chosen > #last or (#chosen == #last and chosen > last) then
    call('SET', P .. 'number', chosen)
  end
end
