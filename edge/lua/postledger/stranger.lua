-- Hangs up on whoever has asked for a name that is not ours, where nginx has found a fault in the request before. Apart
-- from `return 444`, which does it everywhere else: in HTTP/2 nginx would then forget to end the stream, and a client
-- that stays silent could keep it, and its connection, for as long as it likes.

local _M = {}

-- Phase access. The pause is over at once; what comes after it is done outside of the reading of headers, where nginx
-- sees to what has been posted meanwhile: the end of the request.
function _M.leave()
    ngx.sleep(0)
    return ngx.exit(444)
end

return _M
