import { loadConfig } from './mod.js';

const budgetsOf = (yaml: string) =>
  loadConfig({ env: {}, cwd: '/nowhere', readFile: () => yaml }).budgets;

describe('budgets', () => {
  it('are none unless written', () => {
    expect(budgetsOf('')).toEqual({ mode: 'learned', list: [] });
  });

  it('are one for each limit of a scope, with what the section says for all', () => {
    const { mode, list } = budgetsOf(`
budgets:
  mode: strict
  time_zone: Europe/Berlin
  global: { hourly_usd: 5, daily_usd: 50 }
  accounts: { team-a: { monthly_usd: 100, alert_only: true, window_form: sliding } }
  api_keys: { team-a.ci: { total_usd: 1 } }
  models: { "llama3.2:1b": { weekly_usd: 2, alert_thresholds: [0.5] } }
`);
    expect(mode).toBe('strict');
    expect(list.map(({ scope, window }) => `${scope.kind} ${scope.id} ${window}`)).toEqual([
      'global  hourly',
      'global  daily',
      'account team-a monthly',
      'key team-a.ci total',
      'model llama3.2:1b weekly',
    ]);
    expect(list[2]).toEqual({
      scope: { kind: 'account', id: 'team-a' },
      window: 'monthly',
      form: 'sliding',
      timeZone: 'Europe/Berlin',
      limitUsdMicros: 100_000_000,
      isCap: false,
      alertAt: [0.7, 0.9],
    });
  });

  it('of the production preset are 5 dollars an hour and 50 a day, and no other has any', () => {
    const { list } = budgetsOf('environment: production');
    const global = { scope: { kind: 'global', id: '' }, form: 'fixed', timeZone: 'UTC' };
    const common = { ...global, isCap: true, alertAt: [0.7, 0.9] };
    expect(list).toEqual([
      { ...common, window: 'hourly', limitUsdMicros: 5_000_000 },
      { ...common, window: 'daily', limitUsdMicros: 50_000_000 },
    ]);
    for (const other of ['development', 'staging', 'high-availability']) {
      expect(budgetsOf(`environment: ${other}`).list).toEqual([]);
    }
  });

  it('of the file go before those of the preset, one by one', () => {
    const limits = (budgets: string) =>
      budgetsOf(`environment: production\nbudgets: ${budgets}`).list.map(
        ({ scope, window, limitUsdMicros }) => `${scope.kind} ${window} ${limitUsdMicros / 1e6}`,
      );
    expect(limits('{ global: { daily_usd: 80 } }')).toEqual(['global hourly 5', 'global daily 80']);
    expect(limits('{ global: { hourly_usd: null, monthly_usd: 9 } }')).toEqual([
      'global daily 50',
      'global monthly 9',
    ]);
    expect(limits('{ mode: strict, accounts: { a: { daily_usd: 1 } } }')).toHaveLength(3);
    expect(limits('')).toEqual(['global hourly 5', 'global daily 50']);
  });

  it.each([
    ['{ global: { hourly_usd: -1 } }', 'budgets.global.hourly_usd: must be 0 or more'],
    ['{ global: { daily_eur: 1 } }', 'budgets.global.daily_eur: is no key we know'],
    ['{ time_zone: Berlin }', 'budgets.time_zone: must be a time zone such as UTC'],
    ['{ alert_thresholds: [70] }', 'budgets.alert_thresholds[0]: must be a list of shares'],
  ])('%s is refused', (budgets, problem) => {
    expect(() => budgetsOf(`budgets: ${budgets}`)).toThrow(problem);
  });
});
