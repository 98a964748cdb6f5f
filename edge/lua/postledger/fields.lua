-- Refuses header fields that nginx passes on and the backend's HTTP parser does not read: the backend could only close
-- the connection, with an answer that is in no table and not counted here. It takes about one microsecond a request.

local _M = {}

local get_headers, re_find = ngx.req.get_headers, ngx.re.find

local MOST = 100
local CONTROL = "[\\x00-\\x08\\x0a-\\x1f\\x7f]"    -- RFC 9110 section 5.5: none of these is part of a value

local function has_control(value)
    if type(value) ~= "table" then return re_find(value, CONTROL, "jo") end
    for _, one in ipairs(value) do
        if re_find(one, CONTROL, "jo") then return true end
    end
    return false
end

-- False for more than MOST fields, a control byte in a value, or a second Content-Type.
function _M.are_readable()
    local fields, failure = get_headers(MOST)
    if failure == "truncated" or type(fields["content-type"]) == "table" then return false end
    for _, value in pairs(fields) do
        if has_control(value) then return false end
    end
    return true
end

return _M
