import { closestWord } from './closest-word.js';

describe('closestWord', () => {
  const known = ['timeout', 'max_wait', 'retry_delays', 'retry_attempts'];
  it.each([
    ['timeout', 'timeout'],
    ['Timeout', 'timeout'],
    ['tiemout', 'timeout'],
    ['timeouts', 'timeout'],
    ['maxwait', 'max_wait'],
    ['retry_delay', 'retry_delays'],
    ['retry', 'retry_delays'],
    ['tim', undefined],
    ['window', undefined],
    ['', undefined],
  ])('%s: %s', (word, expected) => {
    expect(closestWord(word, known)).toBe(expected);
  });
});
