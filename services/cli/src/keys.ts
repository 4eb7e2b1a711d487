import { randomBytes } from 'node:crypto';
import { isCancel, password, text } from '@clack/prompts';
import { hashApiKey, newApiKey } from '@switchyard/config';
import { isToken } from '@switchyard/domain';
import { usageError } from './cli-error.js';
import { show, type Terminal } from './terminal.js';

/** `switchyard key new`: prints a key once, and what accepts it. Nothing is stored. */
export async function showNewKey(
  terminal: Terminal,
  options: { readonly name?: string; readonly account: string },
): Promise<void> {
  const name = options.name ?? (await askName(terminal));
  assertToken('--name', name);
  assertToken('--account', options.account);
  const { key, sha256 } = newApiKey(randomBytes(32));
  const entry = { name, account: options.account, sha256 };
  show(terminal, { key, ...entry, env: envEntry(entry) }, () => newKeyText(key, entry));
}

type KeyEntry = { readonly name: string; readonly account: string; readonly sha256: string };

const envEntry = ({ name, account, sha256 }: KeyEntry): string => `${name}:${account}:${sha256}`;

/** What a person does with a new key. */
export const newKeyText = (key: string, entry: KeyEntry): string =>
  [
    `Key of "${entry.name}", account "${entry.account}". It is shown this once and stored nowhere:`,
    '',
    `  ${key}`,
    '',
    'Accept it in switchyard.yaml:',
    '',
    '  api_keys:',
    `    - name: ${JSON.stringify(entry.name)}`,
    `      account: ${JSON.stringify(entry.account)}`,
    `      sha256: ${entry.sha256}`,
    '',
    'or in the environment, several separated by commas:',
    '',
    `  SWITCHYARD_API_KEYS=${envEntry(entry)}`,
    '',
    'Then restart Switchyard. Clients send the key as "Authorization: Bearer sy_...";',
    'this command reads it from SWITCHYARD_API_KEY.',
  ].join('\n');

/** `switchyard key hash`: the SHA-256 of a key from stdin. */
export async function showKeyHash(terminal: Terminal): Promise<void> {
  const key = (terminal.isInteractive ? await askKey() : await terminal.readInput()).trim();
  if (!key) {
    throw usageError('there is no key on stdin', 'Pipe it in: switchyard key hash < file-with-key');
  }
  const sha256 = hashApiKey(key);
  show(terminal, { sha256 }, () => sha256);
}

function assertToken(option: string, value: string): void {
  if (!isToken(value)) {
    throw usageError(`${option} must be 1 to 64 letters, digits, _ or -`);
  }
}

async function askName(terminal: Terminal): Promise<string> {
  if (!terminal.isInteractive) {
    throw usageError('--name is missing', 'It says whose key it is: --name ci');
  }
  return answered(await text({ message: 'Whose key is it?', placeholder: 'ci' }));
}

const askKey = async (): Promise<string> => answered(await password({ message: 'The key' }));

/** An answer of a person, or the end of the command where they left. */
export function answered<Answer>(answer: Answer): Exclude<Answer, symbol> {
  if (isCancel(answer)) throw usageError('nothing was chosen');
  return answer as Exclude<Answer, symbol>;
}
