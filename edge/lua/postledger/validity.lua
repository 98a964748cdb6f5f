-- When the edge's own certificates end. Read whenever nginx reads them, at start and at a reload, and not later: a file
-- that was renewed and not loaded helps no client.

local certificate = require("postledger.certificate")
local ffi = require("ffi")

local _M = {}

ffi.cdef([[
    typedef struct asn1_string_st ASN1_TIME;
    const ASN1_TIME *X509_get0_notAfter(const X509 *certificate);
    ASN1_TIME *ASN1_TIME_set(ASN1_TIME *time, long unix_s);
    void ASN1_TIME_free(ASN1_TIME *time);
    int ASN1_TIME_diff(int *days, int *seconds, const ASN1_TIME *from, const ASN1_TIME *to);
]])
local C = ffi.C

local DAY_S = 86400
local EPOCH = ffi.gc(C.ASN1_TIME_set(nil, 0), C.ASN1_TIME_free)
local KINDS = { "main", "rsa" }    -- in the order of runtime/certificates, which script/edge-config writes
local ends = {}

-- Unix seconds; nil when the file is no certificate.
local function end_of(path)
    local is_absolute = path:sub(1, 1) == "/"
    local file = io.open(is_absolute and path or ngx.config.prefix() .. "conf/" .. path)    -- as nginx reads it
    if not file then return nil end
    local own = certificate.read_pem(file:read("*a"))[1]
    file:close()
    local days, seconds = ffi.new("int[1]"), ffi.new("int[1]")
    if not own or C.ASN1_TIME_diff(days, seconds, EPOCH, C.X509_get0_notAfter(own)) ~= 1 then return nil end
    return days[0] * DAY_S + seconds[0]
end

-- In the master: its workers inherit what it found.
function _M.load()
    ends = {}
    local index = 0
    for path in io.lines(ngx.config.prefix() .. "conf/runtime/certificates") do
        index = index + 1
        ends[KINDS[index]] = end_of(path)
    end
end

-- Unix seconds by kind of certificate, "main" or "rsa".
function _M.ends()
    return ends
end

return _M
