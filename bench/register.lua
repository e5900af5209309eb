-- wrk script: registrations, one after the other on every connection.
function request()
  return wrk.format("POST", "/register")
end

local bad = 0
function response(status)
  if status ~= 201 then bad = bad + 1 end
end
