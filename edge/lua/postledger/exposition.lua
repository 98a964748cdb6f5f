-- What Prometheus reads of the edge: the shared sums as one text. What is in it is told by `traffic` and `condition`.

local condition = require("postledger.condition")
local counters = require("postledger.counters")
local pressure = require("postledger.pressure")
local traffic = require("postledger.traffic")

local _M = {}

-- Phase content of the ops listener's /metrics.
function _M.serve()
    -- At least what this worker knows; the others are a second behind at most.
    counters.flush()
    pressure.flush()
    local lines = {}
    traffic.write(lines)
    condition.write(lines)
    ngx.print(table.concat(lines, "\n"), "\n")
end

return _M
