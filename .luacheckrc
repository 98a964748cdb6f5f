-- luacheck for the edge's Lua: LuaJIT inside nginx, no globals but ngx, lines as long as the rest of the project's.
std = "ngx_lua"
max_line_length = 120
include_files = { "edge/lua", "monitoring/gateway/lua", "tests/edge/**/*.lua" }
