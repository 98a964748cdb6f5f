-- UUIDv7 (RFC 9562): a time that sorts, then chance. Plain Lua.

local _M = {}

local byte, format, sub = string.byte, string.format, string.sub

-- The digit that tells the RFC's variant, by any hex digit: its two highest bits become 10. A table, because reading a
-- digit as a number is something that LuaJIT does not compile, and this is done for every request.
local VARIANT = {}
for digit = 0, 15 do VARIANT[byte(format("%x", digit))] = format("%x", 8 + digit % 4) end

-- All of one millisecond begin alike.
local last_ms, last_start = nil, nil

local function start_of(unix_ms)
    if unix_ms ~= last_ms then
        local time_hex = format("%012x", unix_ms)
        last_ms, last_start = unix_ms, sub(time_hex, 1, 8) .. "-" .. sub(time_hex, 9, 12) .. "-7"
    end
    return last_start
end

_M.DIGITS = 19    -- so many random ones are in it

-- From milliseconds since 1970 and (at least) so many random hex digits. A function of its arguments only.
function _M.write(unix_ms, random_hex)
    return start_of(unix_ms) .. sub(random_hex, 1, 3) .. "-" .. VARIANT[byte(random_hex, 4)]
        .. sub(random_hex, 5, 7) .. "-" .. sub(random_hex, 8, 19)
end

return _M
