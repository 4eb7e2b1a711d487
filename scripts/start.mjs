// `npm start`: installs what is missing, builds, and becomes the standalone Switchyard. Node gets
// room for twice as many young objects (32 MiB): each collection copies all requests in flight,
// however much was allocated since the one before.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { prepare, root } from './project.mjs';

prepare();

// npm runs us through a shell and passes SIGTERM on to that shell only: when it is gone, we are
// meant.
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(watch);
  process.kill(process.pid, 'SIGTERM');
}, 250);
watch.unref();

const main = join(root, 'services', 'standalone', 'dist', 'main.js');
process.argv[1] = main;
await import(pathToFileURL(main).href);
