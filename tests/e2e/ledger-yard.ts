import { Bus } from '@switchyard/bus';
import type { BudgetsConfig } from '@switchyard/config';
import { noFaults, silentLog } from '@switchyard/domain';
import { CostLedger } from '@switchyard/service-cost-ledger';

const noBudgets: BudgetsConfig = { mode: 'strict', list: [] };

/** A cost-ledger in this process on its own connection, which has looked once already. */
export async function startLedger(url: string, budgets = noBudgets) {
  const bus = await Bus.connect({ url, name: 'ledger' });
  const metrics = { gauge: () => () => {} };
  const deps = { bus, log: silentLog, metrics, instanceId: 'ledger', faultPoint: noFaults };
  const ledger = new CostLedger({ ...deps, config: { budgets } });
  await ledger.start();
  await ledger.tick();
  return { ledger, stop: () => ledger.stop().then(() => bus.drain()) };
}
