#!/usr/bin/env node
// What npm links as `switchyard`: it is there before the first build, so that npm can make it
// executable.
import { existsSync } from 'node:fs';

const main = new URL('dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main);
} else {
  console.error('switchyard: it is not built. Run "npm run build" first.');
  process.exitCode = 1;
}
