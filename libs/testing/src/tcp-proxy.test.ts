import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

describe('startTcpProxy', () => {
  let server: Server;
  let proxy: TcpProxy;
  let heard: string;
  let hears: () => void;

  beforeEach(async () => {
    heard = '';
    hears = () => {};
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        heard += data.toString();
        hears();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await startTcpProxy((server.address() as AddressInfo).port);
  });

  afterEach(async () => {
    await proxy.stop();
    server.close();
  });

  const open = async (): Promise<Socket> => {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  it('cuts every connection, loses what was held back, and takes new ones', async () => {
    const first = await open();
    proxy.stall();
    first.write('lost');
    proxy.cut();
    await new Promise((resolve) => first.once('close', resolve));
    (await open()).write('heard');
    await untilHeard('heard');
    expect(heard).toBe('heard');
  });

  const untilHeard = (text: string) =>
    new Promise<void>((resolve) => {
      hears = () => heard.includes(text) && resolve();
      hears();
    });

  it('passes what is sent, and after a partition what was sent meanwhile, in order', async () => {
    const socket = await open();
    socket.write('before ');
    await untilHeard('before ');
    proxy.stall();
    socket.write('meanwhile ');
    const other = createServer((near) => near.end()).listen(0, '127.0.0.1');
    await once(other, 'listening');
    other.close();
    expect(heard).toBe('before ');
    proxy.heal();
    socket.write('after');
    await untilHeard('after');
    expect(heard).toBe('before meanwhile after');
  });
});
