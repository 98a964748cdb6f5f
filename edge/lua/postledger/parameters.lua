-- Which known parameters a query has, for the log: names from a closed list, sorted, and never a value.
-- A name that is not ours is a sender's text, and may be anything: a broken link writes secrets there too.

local query = require("postledger.query")
local recent = require("postledger.recent")

local _M = {}

local gsub = string.gsub
local concat, sort = table.concat, table.sort

local KNOWN = {
    click_id = true, transaction_id = true, event = true, status = true, payout = true, currency = true,
    affiliate_id = true, event_time = true, reverses = true, v = true, ts = true, sig = true, source = true, aff = true,
}
for number = 1, 10 do KNOWN["sub" .. number] = true end

-- Sources send the same names in the same order all day: each such list is read and written once.
local MOST_LISTS, LONGEST_KEPT = 1000, 500
local LONGEST_CUT = 2000    -- bytes of a query: a longer one is rare, and costs more to cut than to read
local lists = recent.new(MOST_LISTS)

local function write_list(names)
    local part, found, seen, from = query.part, {}, {}, 1
    for _ = 1, query.MOST do
        local name, _, following = part(names, from)
        if KNOWN[name] and not seen[name] then
            seen[name] = true
            found[#found + 1] = name
        end
        if not following then break end
        from = following
    end
    if #found == 0 then return "[]" end
    sort(found)
    return '["' .. concat(found, '","') .. '"]'
end

-- As a JSON list: ["click_id","payout","sig"]. Of a query with too many parameters the first ones.
function _M.known_names(arguments)
    if #arguments > LONGEST_CUT then return write_list(arguments) end
    local names = gsub(arguments, "=[^&]*", "")    -- as they were sent, without their values
    local list = lists.known[names]
    if list then return list end

    list = write_list(names)
    return #names > LONGEST_KEPT and list or recent.keep(lists, names, list)
end

return _M
