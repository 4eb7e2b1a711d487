import type { NodeRow } from '@switchyard/contracts';
import type { Instances } from '@switchyard/health';

/** The instances as others ask for them. */
export const nodeRows = (instances: Instances): NodeRow[] =>
  instances.list().map((instance) => ({
    instanceId: instance.instanceId,
    service: instance.service,
    address: instance.address,
    liveness: instance.liveness,
    state: instance.state,
    lastHeartbeatAtMs: instance.heardAtMs,
    startedAtMs: instance.startedAtMs,
    inFlight: instance.inFlight,
    capacity: instance.capacity,
    backends: instance.backends,
  }));
