-- The receipt: the name that every request gets here and keeps in the answer, the log and the audit row.

local ffi = require("ffi")
local uuid7 = require("postledger.uuid7")

local _M = {}

local concat = table.concat
local floor = math.floor
local format, sub = string.format, string.sub

ffi.cdef("int RAND_bytes(unsigned char *bytes, int count);")

local HEX = {}
for value = 0, 255 do HEX[value] = format("%02x", value) end

-- From OpenSSL's random source, as $request_id has it, but for hundreds of receipts at once: asked for sixteen bytes it
-- takes a microsecond, which is as much as all the rest of a receipt.
local DRAWN = 4096
local drawn = ffi.new("unsigned char[?]", DRAWN)
local digits, used = "", 0

local function draw()
    if ffi.C.RAND_bytes(drawn, DRAWN) ~= 1 then error("OpenSSL has no random bytes") end
    local pairs_of_digits = {}
    for index = 1, DRAWN do pairs_of_digits[index] = HEX[drawn[index - 1]] end
    digits, used = concat(pairs_of_digits), 0
end

local function next_digits()
    if used + uuid7.DIGITS > #digits then draw() end
    used = used + uuid7.DIGITS
    return sub(digits, used - uuid7.DIGITS + 1, used)
end

-- For a request that has none yet.
function _M.new()
    return uuid7.write(floor(ngx.req.start_time() * 1000), next_digits())
end

-- The one that the request has: a refusal may come before the gate has given it one, or after.
function _M.of_request()
    local receipt = ngx.var.receipt
    return receipt and receipt ~= "" and receipt or _M.new()
end

return _M
