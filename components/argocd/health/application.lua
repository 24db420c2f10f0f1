-- argoproj.io/Application: what Argo CD says of it, so that sync waves between Applications wait for each other.
-- Objects that do not exist yet no longer count in an Application's health (Argo CD 3.4), so one of ours is not well
-- before its first sync has ended.
local status = obj.status or {}
local health = status.health or {}
local labels = (obj.metadata or {}).labels or {}
local operation = status.operationState or {}

if labels["app.kubernetes.io/managed-by"] == "inferstack" and health.status == "Healthy" then
  if operation.phase == "Failed" or operation.phase == "Error" then
    return {status = "Degraded", message = "The last sync failed: " .. (operation.message or "")}
  end
  if #(status.history or {}) == 0 then
    return {status = "Progressing", message = "Waiting for the first sync to end"}
  end
end
return {status = health.status or "Progressing", message = health.message or ""}
