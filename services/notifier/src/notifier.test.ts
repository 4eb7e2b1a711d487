import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Bus, raiseAlert } from '@switchyard/bus';
import { streams, textOf } from '@switchyard/contracts';
import type { Log } from '@switchyard/domain';
import { Metrics } from '@switchyard/telemetry';
import { startTestNats, type TestNats } from '@switchyard/testing';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { type NotifierDeps, startNotifier } from './mod.js';

type Received = { readonly headers: IncomingHttpHeaders; readonly body: string };

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const password = 'canary-password';
const alert = (occurrence: string, severity = 'warning') => ({
  about: ['budget', 'account', 'team-a', 'daily'],
  occurrence,
  kind: 'budget.alert',
  severity,
  source: 'cost-ledger',
  atMs: 1_767_225_600_000,
  title: 'team-a has spent 70 %\r\nBcc: everybody@example.com',
  message: '35.00 of 50.00 USD',
  account: 'team-a',
});

/** A receiver that answers with these statuses in turn, then with 204. */
class Receiver {
  readonly received: Received[] = [];
  readonly server: Server;
  readonly #statuses: number[];
  #wake = () => {};

  constructor(statuses: number[] = []) {
    this.#statuses = statuses;
    this.server = createServer((request, response) => {
      let body = '';
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => {
        const status = this.#statuses.shift() ?? 204;
        response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
        this.received.push({ headers: request.headers, body });
        this.#wake();
      });
    });
  }

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook/canary-path`;
  }

  async count(wanted: number): Promise<void> {
    while (this.received.length < wanted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }
}

describe('the notifier', () => {
  let nats: TestNats;
  let bus: Bus;
  const logged: string[] = [];
  const keep = (fields: object, message: string) =>
    void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep };
  const metrics = new Metrics();
  const stops: (() => unknown)[] = [];

  beforeEach(async () => {
    logged.length = 0;
    nats = await startTestNats();
    bus = await Bus.connect({ url: nats.url, name: 'test' });
    await bus.provision(Object.values(streams({ queueCapacity: 5 })), 1);
  });
  afterEach(async () => {
    await bus.drain(100);
    for (const stop of stops.splice(0)) await stop();
    await nats.stop();
  });

  type Alerts = NotifierDeps['config']['alerts'];
  const start = (alerts: Partial<Alerts>, on = bus) =>
    startNotifier({
      bus: on,
      log,
      metrics,
      config: { alerts: { webhooks: [], email: undefined, ...alerts } },
      delaysMs: [1],
    });
  const hook = (name: string, url: string, more: object = {}) =>
    ({ name, url, secret, kinds: [], minSeverity: 'info', ...more }) as const;
  const untilServed = async (name: string) => {
    while (!(await isServed(name))) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const isServed = (name: string) =>
    bus.ask(`$JS.API.CONSUMER.INFO.ALERTS.notify-${name}`, '').then(
      (answer) => textOf(answer).includes('"num_waiting":1'),
      () => false,
    );
  const receiver = async (statuses?: number[]) => {
    const made = new Receiver(statuses);
    const url = await made.listen();
    stops.push(() => made.server.close());
    return { made, url };
  };

  it('follows a reload: who is new is told, who is gone is not, who stays misses nothing', async () => {
    const [ops, gone, added] = [await receiver(), await receiver(), await receiver()];
    let tell: (config: never) => void = () => {};
    const reloads = {
      onChange(listener: (config: never) => void) {
        tell = listener;
        return () => {};
      },
    };
    const webhooks = [hook('ops', ops.url), hook('gone', gone.url)];
    const alerts = { webhooks, email: undefined };
    await startNotifier({ bus, log, metrics, config: { alerts }, reloads, delaysMs: [1] });
    await raiseAlert(bus, alert('a'));
    await Promise.all([ops.made.count(1), gone.made.count(1)]);
    const moved = [hook('ops', added.url), hook('added', added.url)];
    tell({ alerts: { webhooks: moved, email: undefined } } as never);
    // It serves one after the other: once the last is there, the first has changed.
    await untilServed('added');
    await raiseAlert(bus, alert('b'));
    await added.made.count(2);
    expect([ops.made.received.length, gone.made.received.length]).toEqual([1, 1]);
  });

  it('posts a signed alert, and again under the same id until it is taken', async () => {
    const { made, url } = await receiver([500, 302, 429]);
    await start({ webhooks: [hook('ops', url)] });
    await raiseAlert(bus, alert('a'));
    await made.count(4);
    const verified = made.received.map(({ headers, body }) =>
      new Webhook(secret).verify(body, headers as Record<string, string>),
    );
    expect(verified[3]).toMatchObject({
      type: 'budget.alert',
      timestamp: '2026-01-01T00:00:00.000Z',
      data: { id: 'budget.account.team-a.daily.a', account: 'team-a' },
    });
    const ids = made.received.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids)).toEqual(new Set(['budget.account.team-a.daily.a']));
    const [first] = made.received as [Received];
    const forged = first.body.replace('team-a', 'team-b');
    const headers = first.headers as Record<string, string>;
    expect(() => new Webhook(secret).verify(forged, headers)).toThrow('No matching signature');
    await raiseAlert(bus, alert('b'));
    await made.count(5);
    expect(logged).toHaveLength(3);
    for (const word of [secret, 'canary', password]) expect(logged.join('\n')).not.toContain(word);
  });

  it('sends what was raised while it was away, and nothing from before it was there', async () => {
    const { made, url } = await receiver();
    await raiseAlert(bus, alert('before'));
    const first = await Bus.connect({ url: nats.url, name: 'first' });
    await start({ webhooks: [hook('ops', url)] }, first);
    await first.drain(100);
    await raiseAlert(bus, alert('between'));
    await start({ webhooks: [hook('ops', url)] });
    await raiseAlert(bus, alert('after'));
    await made.count(2);
    const ids = made.received.map(({ headers }) => String(headers['webhook-id']).split('.').at(-1));
    expect(new Set(ids)).toEqual(new Set(['after', 'between']));
  });

  it('keeps one destination from holding up another, and takes a 410 for a goodbye', async () => {
    const gone = await receiver([410]);
    const { made, url } = await receiver();
    await start({
      webhooks: [
        hook('gone', gone.url),
        hook('dead', 'http://127.0.0.1:9/', { kinds: ['budget.*'] }),
        hook('ops', url, { minSeverity: 'critical' }),
      ],
    });
    await raiseAlert(bus, alert('w'));
    await raiseAlert(bus, alert('c', 'critical'));
    await made.count(1);
    await gone.made.count(2);
    expect(JSON.parse(made.received[0]?.body ?? '').data.severity).toBe('critical');
    expect(made.received).toHaveLength(1);
    expect(gone.made.received).toHaveLength(2);
  });

  it('sends mail, one line to its subject, and tries again where the server is not ready', async () => {
    const mails: string[] = [];
    let refusals = 1;
    let wake = () => {};
    const mailed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const smtp = new SMTPServer({
      authOptional: true,
      hideSTARTTLS: true,
      logger: false,
      onAuth: (auth, _session, answer) =>
        auth.password === password ? answer(null, { user: 'u' }) : answer(new Error('no')),
      onData: (stream, _session, answer) => {
        let text = '';
        stream.on('data', (part) => {
          text += part;
        });
        stream.on('end', () => {
          refusals -= 1;
          if (refusals >= 0) {
            answer(Object.assign(new Error(`greylisted ${password}`), { responseCode: 451 }));
            return;
          }
          mails.push(text);
          answer();
          wake();
        });
      },
    });
    smtp.listen(0, '127.0.0.1');
    await once(smtp.server, 'listening');
    stops.push(() => new Promise<void>((resolve) => smtp.close(resolve)));
    const { port } = smtp.server.address() as AddressInfo;
    const email = {
      host: '127.0.0.1',
      port,
      tls: 'none',
      allowsSelfSigned: false,
      user: 'switchyard',
      password,
      from: 'alerts@example.com',
      to: ['ops@example.com'],
      kinds: [],
      minSeverity: 'info',
    } as const;
    const notifier = await start({ email });
    stops.push(() => notifier.stop());
    await raiseAlert(bus, alert('a'));
    await mailed;
    expect(mails).toHaveLength(1);
    const [head = '', ...text] = (mails[0] ?? '').split('\r\n\r\n');
    expect(head).toContain('Subject: [Switchyard] warning: team-a has spent 70 % Bcc:');
    expect(head).not.toMatch(/^Bcc:/m);
    expect(head).toContain('Message-ID: <budget.account.team-a.daily.a@switchyard>');
    expect(text.join('\n')).toContain('35.00 of 50.00 USD');
    expect(logged).toEqual([expect.stringContaining('451')]);
    expect(logged.join()).not.toContain(password);
  });
});
