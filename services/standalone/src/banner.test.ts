import { stripVTControlCharacters } from 'node:util';
import { type BannerFacts, bannerText } from './banner.js';

const facts: BannerFacts = {
  apiUrl: 'http://127.0.0.1:8081',
  natsUrl: 'nats://127.0.0.1:4222',
  natsNote: 'embedded, kept in /data',
  configFile: undefined,
  backends: [
    {
      id: 'ollama',
      kind: 'Ollama',
      address: '127.0.0.1:11434',
      models: ['llama3.2:1b', 'qwen3:8b', 'gemma3', 'phi4', 'mistral'],
      note: '',
    },
    {
      id: 'openai',
      kind: 'OpenAI-compatible',
      address: 'api.openai.com',
      models: undefined,
      note: 'paid: only for models that nothing else has',
    },
  ],
  notFound: ['LM Studio (1234)', 'vLLM (8000)'],
  warnings: ['Port 8080 is taken, so the API is at 8081.'],
  model: 'llama3.2:1b',
  needsKey: false,
  readyMs: 1_949,
};

const screen = `
  Switchyard is ready after 1.9 s

  API       http://127.0.0.1:8081/v1        for OpenAI's SDKs
            http://127.0.0.1:8081/api/v1    tasks, backends, statistics
  Docs      http://127.0.0.1:8081/api/docs
  NATS      nats://127.0.0.1:4222           embedded, kept in /data
  Settings  none, all at their defaults

  Backends
    ollama  Ollama             127.0.0.1:11434  llama3.2:1b, qwen3:8b, gemma3 and 2 more
    openai  OpenAI-compatible  api.openai.com   does not answer yet                       paid: only for models that nothing else has
    not found: LM Studio (1234), vLLM (8000); looking again every 15 s

  ! Port 8080 is taken, so the API is at 8081.

  Try it
    curl http://127.0.0.1:8081/v1/chat/completions -H 'Content-Type: application/json' \\
      -d '{"model":"llama3.2:1b","messages":[{"role":"user","content":"Where does this train go?"}]}'
`;

describe('the first screen', () => {
  it('says where the doors are, what is behind them, and what to try', () => {
    expect(bannerText(facts)).toBe(screen);
  });

  it('says the same in colour', () => {
    const coloured = bannerText(facts, { isColoured: true, widthColumns: 200 });
    expect(coloured).not.toBe(screen);
    expect(stripVTControlCharacters(coloured)).toBe(screen);
  });

  it('puts notes under their backends where the screen is narrow', () => {
    const text = bannerText(facts, { isColoured: false, widthColumns: 100 });
    expect(text).toContain(`
    ollama  Ollama             127.0.0.1:11434  llama3.2:1b, qwen3:8b, gemma3 and 2 more
    openai  OpenAI-compatible  api.openai.com   does not answer yet
      paid: only for models that nothing else has
    not found`);
  });

  it('sends a key where one is needed', () => {
    expect(bannerText({ ...facts, needsKey: true })).toContain(
      `-H 'Authorization: Bearer YOUR_KEY' \\\n`,
    );
  });

  it('says so where nothing answers yet', () => {
    const text = bannerText({
      ...facts,
      backends: [],
      notFound: [],
      warnings: [],
      model: undefined,
    });
    expect(text).toContain(
      '\n    none yet\n\n  No model answers yet: npx switchyard doctor says why.',
    );
    expect(text).not.toMatch(/not found|curl|!/);
  });

  it('says so where a backend has no models', () => {
    const [ollama] = facts.backends;
    const text = bannerText({ ...facts, backends: ollama ? [{ ...ollama, models: [] }] : [] });
    expect(text).toContain('127.0.0.1:11434  has no models yet\n');
  });

  it('keeps a strange model inside its quotes', () => {
    const text = bannerText({ ...facts, model: `it's "$(odd)"` });
    expect(text).toContain(String.raw`-d '{"model":"it'\''s \"$(odd)\"",`);
  });
});
