import { demoFolder, readFlags } from './flags.js';

describe('the command line', () => {
  it('puts what it says in place of the environment', () => {
    const args = ['--port', '9000', '--data-dir=here', '--nats-url', 'nats://a', '--demo'];
    const env = { SWITCHYARD_HTTP_PORT: '1', SWITCHYARD_HTTP_HOST: 'kept', PATH: '/bin' };
    expect(readFlags(args, env)).toEqual({
      kind: 'start',
      isDemo: true,
      env: {
        SWITCHYARD_HTTP_PORT: '9000',
        SWITCHYARD_HTTP_HOST: 'kept',
        SWITCHYARD_DATA_DIR: 'here',
        NATS_URL: 'nats://a',
        PATH: '/bin',
      },
    });
  });

  it.each([
    [['--help'], 'help'],
    [['-h'], 'help'],
    [['--version'], 'version'],
    [[], 'start'],
  ])('%j asks for %s', (args, kind) => {
    expect(readFlags(args, {}).kind).toBe(kind);
  });

  it.each([[['--prot', '1']], [['demo']], [['--port']]])(
    'refuses %j and names the flags',
    (args) => {
      expect(() => readFlags(args, {})).toThrow(/Known are --demo, --config, --port, --host/);
    },
  );

  it('keeps the demo apart', () => {
    expect(demoFolder('/data')).toBe('/data/demo');
  });
});
