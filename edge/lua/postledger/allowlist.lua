-- The allowlist: may this address speak? Networks become sorted ranges that do not overlap, so that the answer takes
-- one binary search however many there are. Strings of equal length compare as the addresses that they are.

local address = require("postledger.address")
local recent = require("postledger.recent")

local _M = {}

local floor = math.floor
local sub, sort = string.sub, table.sort

local MOST_SENDERS = 256    -- remembered for each source; a network sends from a few addresses

local function nothing() end

-- Ranges that overlap become one; adjacent ones stay two, which costs nothing. Each comes as one string, its first
-- address and then its last, of so many bytes: LuaJIT sorts strings much faster than by a function of ours.
local function merge(ranges, size, breathe)
    sort(ranges)
    local firsts, lasts, count = {}, {}, 0
    for _, range in ipairs(ranges) do
        local first, last = sub(range, 1, size), sub(range, size + 1)
        if count > 0 and first <= lasts[count] then
            if last > lasts[count] then lasts[count] = last end
        else
            count = count + 1
            firsts[count], lasts[count] = first, last
        end
        breathe()
    end
    return { firsts = firsts, lasts = lasts, count = count }
end

-- What `allows` asks, from a list of networks and bare addresses; nil when one of them is neither. An empty list allows
-- everybody, as the configuration says. `breathe`, where given, is called over and over, for who has more to do.
function _M.compile(networks, breathe)
    breathe = breathe or nothing
    local by_length = { [4] = {}, [16] = {} }
    for _, text in ipairs(networks) do
        local first, last = nil, nil
        if type(text) == "string" then first, last = address.read_network(text) end
        if not first then return nil end

        local ranges = by_length[#first]
        ranges[#ranges + 1] = first .. last
        breathe()
    end
    return {
        everybody = #networks == 0,
        [4] = merge(by_length[4], 4, breathe),
        [16] = merge(by_length[16], 16, breathe),
        senders = recent.new(MOST_SENDERS),
    }
end

local function contains(allowlist, bytes)
    local ranges = allowlist[#bytes]
    if not ranges then return false end    -- a client on a unix socket has no address that a list could hold

    -- The last range that begins at or before the address is the only one that can hold it.
    local firsts, low, high = ranges.firsts, 0, ranges.count
    while low < high do
        local middle = floor((low + high + 1) / 2)
        if firsts[middle] <= bytes then low = middle else high = middle - 1 end
    end
    return low > 0 and bytes <= ranges.lasts[low]
end

-- True when the address (4 or 16 bytes, as address.plain gives it) is in one of the networks. Only who is allowed is
-- remembered: strangers cannot drive the senders out.
function _M.allows(allowlist, bytes)
    if allowlist.everybody or allowlist.senders.known[bytes] then return true end
    return contains(allowlist, bytes) and recent.keep(allowlist.senders, bytes, true)
end

return _M
