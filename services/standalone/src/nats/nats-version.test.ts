import { isNewEnough } from './nats-version.js';

describe('isNewEnough', () => {
  it.each([
    ['2.9.10', false],
    ['2.11.99', false],
    ['1.99.0', false],
    ['2.12.0', true],
    ['2.12.0-RC.1', true],
    ['2.15.1', true],
    ['3.0.0', true],
    ['not a version', false],
  ])('%s: %s', (version, expected) => {
    expect(isNewEnough(version)).toBe(expected);
  });
});
