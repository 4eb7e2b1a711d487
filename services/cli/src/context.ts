import { type Environment, processEnv } from '@switchyard/config';
import type { Command } from 'commander';
import { usageError } from './cli-error.js';
import { GatewayApi } from './gateway-api.js';
import { processTerminal, type Terminal } from './terminal.js';

/** What every command works with. */
export type Context = {
  readonly terminal: Terminal;
  readonly api: GatewayApi;
  readonly env: Environment;
};

/** Where the gateway is if nobody says otherwise. */
export const defaultUrl = 'http://127.0.0.1:8080';

/** Options that every command has. */
type GlobalOptions = { readonly json?: boolean; readonly url?: string };

/** The context of a command that is about to run. */
export function contextOf(command: Command): Context {
  const { json, url } = command.optsWithGlobals<GlobalOptions>();
  const env = processEnv();
  return {
    terminal: processTerminal(json === true),
    api: new GatewayApi({
      url: readUrl(url ?? env.SWITCHYARD_URL),
      apiKey: env.SWITCHYARD_API_KEY || undefined,
    }),
    env,
  };
}

/** The address to use; `undefined` and the empty text are the default. */
export function readUrl(text: string | undefined): string {
  if (!text) return defaultUrl;
  const isWeb = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  if (!isWeb) throw usageError(`"${text}" is no http:// or https:// address`);
  return text;
}
