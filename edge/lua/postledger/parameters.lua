-- Which known parameters a query has, for the log: names from a closed list, sorted, and never a value.
-- A name that is not ours is a sender's text, and may be anything: a broken link writes secrets there too.

local query = require("postledger.query")

local _M = {}

local concat, sort = table.concat, table.sort

local KNOWN = {
    click_id = true, transaction_id = true, event = true, status = true, payout = true, currency = true,
    affiliate_id = true, event_time = true, v = true, ts = true, sig = true, source = true, aff = true,
}
for number = 1, 10 do KNOWN["sub" .. number] = true end

-- As a JSON list: ["click_id","payout","sig"].
function _M.known_names(arguments)
    local names, seen = {}, {}
    for name in query.parts(arguments) do
        if KNOWN[name] and not seen[name] then
            seen[name] = true
            names[#names + 1] = name
        end
    end
    if #names == 0 then return "[]" end
    sort(names)
    return '["' .. concat(names, '","') .. '"]'
end

return _M
