-- wrk script: every connection updates the TXT record of an account of its own, with a new value each time.
-- The accounts file has one "user key subdomain" a line; ACCOUNTS names it.
local accounts = {}
for line in io.lines(os.getenv("ACCOUNTS")) do
  local user, key, subdomain = line:match("(%S+) (%S+) (%S+)")
  accounts[#accounts + 1] = { user = user, key = key, subdomain = subdomain }
end

local thread_number = 0
function setup(thread)
  thread:set("first", thread_number)
  thread_number = thread_number + 1
end

local sent = 0
function request()
  sent = sent + 1
  local account = accounts[(first * 7919 + sent) % #accounts + 1]
  local value = string.format("%043d", first * 1000000000 + sent)
  return wrk.format("POST", "/update",
    { ["X-Api-User"] = account.user, ["X-Api-Key"] = account.key },
    string.format('{"subdomain": "%s", "txt": "%s"}', account.subdomain, value))
end

-- PAUSE_MS: how long each connection rests after an answer; without it, not at all.
local pause = tonumber(os.getenv("PAUSE_MS") or "0")
if pause > 0 then
  function delay()
    return pause
  end
end

local bad = 0
function response(status)
  if status ~= 200 then bad = bad + 1 end
end
