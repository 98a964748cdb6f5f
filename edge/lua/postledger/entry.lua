-- What every request is given before the gate decides about it, and how the gate lets it through.

local body = require("postledger.body")
local parameters = require("postledger.parameters")
local query = require("postledger.query")
local receipt = require("postledger.receipt")

local _M = {}

-- What every request is given: its receipt, and for the log the names of its parameters. Gives path and query as sent.
function _M.receive(var)
    var.receipt = receipt.new()
    local path, arguments = query.split(var.request_uri)
    var.known_parameters = parameters.known_names(arguments)
    return path, arguments
end

-- After a reload nginx hangs up on whoever is between two requests, and one that is just coming would be lost. Who
-- speaks before that is told with his answer: @farewell keeps no connection.
function _M.pass_on(current, farewell)
    if current and current.is_handed_over then return ngx.exec(farewell or "@farewell") end
    return body.await()
end

return _M
