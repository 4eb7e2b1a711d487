import { decode } from '@switchyard/contracts';
import { Book, type Booking } from '@switchyard/ledger';
import type { JobFacts } from './laws.js';
import type { World } from './world.js';

/**
 * What is not at rest although every job has ended: a leak, where it stays so. Empty once nothing
 * is outstanding anywhere.
 */
export function unrest(world: World): readonly string[] {
  const { network, routers, executors, laws, processes } = world;
  const found: string[] = [];
  for (const stream of ['JOBS', 'RETRIES', 'DISPATCH']) {
    const left = [...network.store.messagesOf(stream)].length;
    if (left > 0) found.push(`${left} messages in ${stream}`);
  }
  const gone = new Set(processes.filter(({ isDead }) => isDead).map(({ name }) => name));
  for (const [name, executor] of executors) {
    if (executor.inFlight > 0 && !gone.has(name))
      found.push(`${executor.inFlight} attempts run at ${name}`);
  }
  const active = [...routers.entries()].filter(([, router]) => router.isActive);
  if (active.length !== 1) found.push(`${active.length} routers are active`);
  for (const [name, router] of active) {
    if (router.waitingJobs > 0) found.push(`${router.waitingJobs} jobs wait at ${name}`);
    for (const { id, inFlight } of router.backends) {
      if (inFlight > 0) found.push(`${name} counts ${inFlight} slots of ${id} as taken`);
    }
  }
  const { holds } = bookOf(network);
  if (holds.count > 0) found.push(`${holds.count} holds are open`);
  const isUncharged = (job: JobFacts) => costsSomething(job) && !laws.money.isCharged(job.id);
  const uncharged = [...laws.jobs()].filter(isUncharged).map(({ id }) => id);
  if (uncharged.length > 0) found.push(`${uncharged.join(', ')} not charged`);
  return found;
}

/** A job whose caller has its answer, which cost something, is charged. */
const costsSomething = ({ cell }: JobFacts): boolean =>
  cell?.status === 'succeeded' && Number(cell.outcome?.cost?.usdMicros ?? 0) > 0;

function bookOf({ store }: World['network']): Book {
  const book = new Book();
  for (const { data } of store.messagesOf('LEDGER')) book.add(decode<Booking>(data));
  return book;
}
