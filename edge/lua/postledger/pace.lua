-- Lets what costs far more than its answer wait before it is answered: a refused body, which is decrypted to be thrown
-- away, and a click over the rate, which the backend redirects. A client that sends as fast as it is answered then
-- sends ten a second on each connection. Nothing is read meanwhile, so the next bytes wait in the client's machine.

local body = require("postledger.body")

local _M = {}

local sleep = ngx.sleep

local PAUSE_S = 0.1
local SMALL_BYTES = 4096    -- a refusal of less must stay fast: it costs a fifth of a postback

-- Phase access, before a body is read that is most likely refused.
function _M.body(var)
    if body.is_over(var, SMALL_BYTES) then sleep(PAUSE_S) end
end

-- Phase access: ends the request with this status.
function _M.refuse(var, code)
    _M.body(var)
    return ngx.exit(code)
end

-- Phase access, before a click is passed on that is not recorded.
function _M.click(var)
    var.observed = "rate_limited"
    sleep(PAUSE_S)
end

return _M
