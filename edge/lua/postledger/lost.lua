-- Which postbacks the backend did not answer: nginx has answered for it, or the sender has hung up. Such a postback
-- can be booked all the same, and its receipt says so.

local _M = {}

local answers = ngx.shared.postledger_lost

local REMEMBER_S = 7 * 86400
local OF_POSTBACKS = { postback = true, dialect = true }

-- Phase log. The dictionary is bounded: of many the oldest are forgotten.
function _M.note(var, route, status)
    if status >= 499 and OF_POSTBACKS[route] then answers:set(var.receipt, status, REMEMBER_S) end
end

-- The status that a postback was answered with, or nil if the backend has answered it.
function _M.status_of(text)
    return answers:get(text)
end

return _M
