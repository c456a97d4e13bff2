-- The request that wrk sends: a POST of JSON, given as the only argument.
function init(args)
  wrk.method = "POST"
  wrk.headers["content-type"] = "application/json"
  wrk.body = args[1]
end
