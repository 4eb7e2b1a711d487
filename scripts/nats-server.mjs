// Finds or fetches a nats-server for the tests and prints its path; built rooms are needed (npm run
// build).
import { cacheFolder } from '../services/standalone/dist/binaries/cache-folder.js';
import { obtainNatsServer } from '../services/standalone/dist/nats/obtain-nats-server.js';

const say = (_fields, message) => console.error(message);
const { path } = await obtainNatsServer({
  cacheDir: cacheFolder(process.env.XDG_CACHE_HOME),
  searchPath: process.env.PATH,
  log: { debug() {}, info: say, warn: say, error: say },
}).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
console.log(path);
