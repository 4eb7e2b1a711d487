#!/usr/bin/env node
import { fakeFromArguments } from './arguments.js';

// One fake backend as a process of its own: prints its address as the first line and stops on
// SIGTERM.
const fake = await fakeFromArguments(process.argv.slice(2));
console.log(fake.url);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void fake.stop());
