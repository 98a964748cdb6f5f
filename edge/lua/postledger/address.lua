-- Addresses and networks: from the text of the policy to bytes in network order, as nginx has a client's address.
-- Apart from the allowlist, because reading strictly is one thing and finding quickly another. Plain Lua throughout.

local _M = {}

local byte, char, find, gmatch, match, rep, sub =
    string.byte, string.char, string.find, string.gmatch, string.match, string.rep, string.sub
local floor = math.floor

local MAPPED = rep("\0", 10) .. "\255\255"    -- ::ffff:0:0/96, IPv4 written as IPv6
local MAPPED_BITS = 96

local function read_ipv4(text)
    local octets = { match(text, "^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$") }
    if #octets ~= 4 then return nil end

    for index, digits in ipairs(octets) do
        -- "010" is 10 to some readers and 8 to others
        if tonumber(digits) > 255 or match(digits, "^0%d") then return nil end
        octets[index] = tonumber(digits)
    end
    return char(unpack(octets))
end

-- The groups of one side of "::" as bytes; nil when one of them is none.
local function read_groups(text)
    local bytes = ""
    if text == "" then return bytes end

    for group in gmatch(text .. ":", "([^:]*):") do
        if not match(group, "^%x%x?%x?%x?$") then return nil end
        local value = tonumber(group, 16)
        bytes = bytes .. char(floor(value / 256), value % 256)
    end
    return bytes
end

-- An IPv4 address at the end of an IPv6 one becomes the two groups that it stands for.
local function without_ipv4_tail(text)
    local head, tail = match(text, "^(.*:)(%d+%.%d+%.%d+%.%d+)$")
    if not head then return text end

    local bytes = read_ipv4(tail)
    if not bytes then return nil end
    local a, b, c, d = byte(bytes, 1, 4)
    return head .. string.format("%x:%x", a * 256 + b, c * 256 + d)
end

local function read_ipv6(text)
    text = without_ipv4_tail(text)
    if not text then return nil end

    local at = find(text, "::", 1, true)
    if not at then
        local bytes = read_groups(text)
        return bytes and #bytes == 16 and bytes or nil
    end
    local before, after = read_groups(sub(text, 1, at - 1)), read_groups(sub(text, at + 2))
    if not before or not after or #before + #after > 14 then return nil end    -- "::" stands for one group at least
    return before .. rep("\0", 16 - #before - #after) .. after
end

-- 4 or 16 bytes, or nil for what is no address.
function _M.read(text)
    if find(text, ":", 1, true) then return read_ipv6(text) end
    return read_ipv4(text)
end

-- The same host is 192.0.2.1 and ::ffff:192.0.2.1: it is always the former here.
function _M.plain(bytes)
    if #bytes == 16 and sub(bytes, 1, 12) == MAPPED then return sub(bytes, 13) end
    return bytes
end

-- The last address of the network: everything behind the prefix is ones.
local function last_of(first, bits)
    local whole, rest = floor(bits / 8), bits % 8
    local last = sub(first, 1, whole)
    if rest > 0 then last = last .. char(byte(first, whole + 1) + 2 ^ (8 - rest) - 1) end
    return last .. rep("\255", #first - #last)
end

local function has_bits_behind(first, bits)
    local whole, rest = floor(bits / 8), bits % 8
    if rest > 0 and byte(first, whole + 1) % 2 ^ (8 - rest) ~= 0 then return true end
    return find(sub(first, whole + (rest > 0 and 2 or 1)), "[^%z]") ~= nil
end

-- The first and last address of a network ("192.0.2.0/24", "2001:db8::/32", or a bare address), nil for what is none.
function _M.read_network(text)
    local host, prefix = match(text, "^([^/]+)/(%d%d?%d?)$")
    local first = _M.read(host or text)
    if not first then return nil end

    local bits = prefix and tonumber(prefix) or #first * 8
    if bits > #first * 8 or (prefix and match(prefix, "^0%d")) or has_bits_behind(first, bits) then return nil end

    local last = last_of(first, bits)
    if #first == 16 and bits >= MAPPED_BITS then return _M.plain(first), _M.plain(last) end
    return first, last
end

return _M
