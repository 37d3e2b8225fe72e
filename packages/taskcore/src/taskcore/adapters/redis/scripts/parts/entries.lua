-- Audit entries: documents by id, and a list of ids for each thing that one can look for.
local LISTS = { 'actor', 'action', 'target' }

local function lists_of(document)
  local fields, names = cjson.decode(document), { 'log' }
  for i, name in ipairs(LISTS) do
    names[#names + 1] = 'log:' .. name .. ':' .. fields[i]
  end
  return names
end

local function remove_entries(ids)
  for _, id in ipairs(ids) do
    for _, name in ipairs(lists_of(call('HGET', P .. 'entries', id))) do
      unlist(name, id)
    end
    call('HDEL', P .. 'entries', id)
  end
  return #ids
end
