// `npm start`: installs what is missing, builds, and becomes the standalone Switchyard.
import { join } from 'node:path';
import { becomeNode, prepare, root } from './project.mjs';

prepare();
becomeNode([join(root, 'services', 'standalone', 'dist', 'main.js'), ...process.argv.slice(2)]);
