-- Which known parameters a query has, for the log: names from a closed list, sorted, and never a value.
-- A name that is not ours is a sender's text, and may be anything: a broken link writes secrets there too.

local query = require("postledger.query")

local _M = {}

local gmatch = string.gmatch
local concat, sort = table.concat, table.sort

local KNOWN = {
    click_id = true, transaction_id = true, event = true, status = true, payout = true, currency = true,
    affiliate_id = true, event_time = true, reverses = true, v = true, ts = true, sig = true, source = true, aff = true,
}
for number = 1, 10 do KNOWN["sub" .. number] = true end

-- Sources send the same names in the same order all day: each such list is sorted and written once. An attacker can
-- think of many orders, so the memory of them is bounded.
local MOST_LISTS = 1000
local lists, list_count = {}, 0

local function write_list(found)
    local names, seen = {}, {}
    for name in gmatch(found, "[^&]+") do
        if not seen[name] then
            seen[name] = true
            names[#names + 1] = name
        end
    end
    sort(names)
    return '["' .. concat(names, '","') .. '"]'
end

local function list_of(found)
    local list = lists[found]
    if list then return list end

    if list_count >= MOST_LISTS then lists, list_count = {}, 0 end
    list = write_list(found)
    lists[found], list_count = list, list_count + 1
    return list
end

-- As a JSON list: ["click_id","payout","sig"].
function _M.known_names(arguments)
    if arguments == "" then return "[]" end

    local found, from = "", 1
    while from do
        local name, _, following = query.part(arguments, from)
        if KNOWN[name] then found = found .. "&" .. name end
        from = following
    end
    return found == "" and "[]" or list_of(found)
end

return _M
