-- What happens before the first request: in the master, so that a module that does not compile stops the start, and
-- then in each worker. Apart from the modules, so that each of those can be read without knowing when it is loaded.

local counters = require("postledger.counters")
local greeting = require("postledger.greeting")
local policy = require("postledger.policy")
local pressure = require("postledger.pressure")
local pull = require("postledger.pull")
local validity = require("postledger.validity")
require("postledger.body")
require("postledger.gate")
require("postledger.sandbox")
require("postledger.event")
require("postledger.exposition")
require("postledger.stranger")

local _M = {}

function _M.master()
    policy.begin()
    pull.load()
    validity.load()
    greeting.load()
end

function _M.worker()
    policy.take_over()
    policy.start()
    counters.start()
    pressure.start()
    pull.start()
end

return _M
