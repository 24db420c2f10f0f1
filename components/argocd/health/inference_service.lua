-- serving.kserve.io/InferenceService for an Argo CD whose own check takes condition Stopped=False, which KServe 0.16
-- and newer always write, for a fault (kserve#4791).
local status = obj.status or {}
local transition = (status.modelStatus or {}).transitionStatus or ""
local waiting = {}

for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Stopped" then
    if condition.status == "True" then
      return {status = "Suspended", message = condition.message or "The InferenceService is stopped"}
    end
  elseif condition.status ~= "True" then
    table.insert(waiting, condition.type .. ": " .. (condition.message or condition.reason or condition.status or ""))
  end
end
if transition == "InvalidSpec" or transition == "BlockedByFailedLoad" then
  local failure = (status.modelStatus or {}).lastFailureInfo or {}
  return {status = "Degraded", message = transition .. ": " .. (failure.message or failure.reason or "")}
end
if status.conditions == nil then
  return {status = "Progressing", message = "Waiting for KServe"}
end
if transition == "InProgress" or #waiting > 0 then
  return {status = "Progressing", message = waiting[1] or "The model is being loaded"}
end
return {status = "Healthy", message = "The InferenceService is ready"}
