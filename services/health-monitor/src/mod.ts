import { HealthMonitor, type HealthMonitorDeps } from './health-monitor.js';

export { HealthMonitor, type HealthMonitorDeps };

/** Starts a health-monitor. */
export async function startHealthMonitor(deps: HealthMonitorDeps): Promise<HealthMonitor> {
  const monitor = new HealthMonitor(deps);
  await monitor.start();
  return monitor;
}
