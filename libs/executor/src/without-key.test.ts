import { withoutKey } from './without-key.js';

describe('withoutKey', () => {
  it.each([
    ['bad key my-secret-key, my-secret-key!', 'my-secret-key', 'bad key [secret], [secret]!'],
    ['the key my-secre…', 'my-secret-key', 'the key [secret]…'],
    ['the key my-secret-key…', 'my-secret-key', 'the key [secret]…'],
    ['it ended in my…', 'my-secret-key', 'it ended in my…'],
    ['nothing to hide…', 'my-secret-key', 'nothing to hide…'],
    ['nothing was sent', undefined, 'nothing was sent'],
    ['nothing was sent', '', 'nothing was sent'],
  ])('of "%s" takes %s', (message, apiKey, expected) => {
    expect(withoutKey(message, apiKey)).toBe(expected);
  });
});
