import * as fc from 'fast-check';
import { QuantileSketch } from './quantile-sketch.js';

const sketchOf = (values: readonly number[]): QuantileSketch => {
  const sketch = new QuantileSketch();
  for (const value of values) sketch.add(value);
  return sketch;
};

const exact = (values: readonly number[], ratio: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(ratio * values.length) - 1)] as number;

describe('a quantile sketch', () => {
  it('is empty at first', () => {
    expect(new QuantileSketch().quantile(0.5)).toBeUndefined();
    expect(new QuantileSketch().total).toBe(0);
  });

  it('is off by 2 % at most, whatever the values within a factor of 20,000', () => {
    const values = fc.array(fc.double({ min: 1, max: 20_000, noNaN: true }), {
      minLength: 1,
      maxLength: 500,
    });
    fc.assert(
      fc.property(values, fc.constantFrom(0, 0.01, 0.5, 0.9, 0.95, 0.99, 1), (some, ratio) => {
        const right = exact(some, ratio);
        const error = Math.abs((sketchOf(some).quantile(ratio) as number) / right - 1);
        expect(error).toBeLessThanOrEqual(0.02 + 1e-9);
      }),
    );
  });

  it('keeps the high quantiles where the values span more than it has bins', () => {
    const values = [0, 1, 2, 1e3, 1e6, 1e9, 1.1e9, 1.2e9, 1.3e9, Number.MAX_VALUE];
    const sketch = sketchOf(values);
    expect(Math.abs((sketch.quantile(0.9) as number) / 1.3e9 - 1)).toBeGreaterThan(0.02);
    const usual = sketchOf(values.slice(0, -1));
    expect(Math.abs((usual.quantile(1) as number) / 1.3e9 - 1)).toBeLessThanOrEqual(0.02);
    expect(usual.total).toBe(9);
  });

  it.each([[Number.NaN], [-1], [Infinity], [-Infinity]])('leaves %p out', (value) => {
    const sketch = new QuantileSketch();
    expect(sketch.add(value)).toBe(false);
    expect(sketch.total).toBe(0);
  });

  it('never takes more than 512 bytes', () => {
    const any = fc.array(fc.double({ min: 0, noNaN: true }), { maxLength: 300 });
    fc.assert(
      fc.property(any, (some) => {
        expect(sketchOf(some).sizeBytes).toBeLessThanOrEqual(512);
      }),
    );
  });

  it('forgets: after 5,000 faster values the slow past is gone', () => {
    const sketch = sketchOf(new Array<number>(2000).fill(5000));
    for (let count = 0; count < 5000; count += 1) sketch.add(100);
    expect(sketch.quantile(0.95) as number).toBeLessThan(103);
    expect(sketch.total).toBeLessThan(1024);
  });

  it('keeps a thin tail through many halvings', () => {
    const sketch = new QuantileSketch();
    for (let count = 0; count < 20_000; count += 1) {
      sketch.add(count % 50 === 0 ? 9000 + (count % 7) * 300 : 100);
    }
    expect(sketch.quantile(0.97) as number).toBeLessThan(103);
    expect(sketch.quantile(0.995) as number).toBeGreaterThan(8800);
  });

  it('is the same after a trip through JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true })), (some) => {
        const sketch = sketchOf(some);
        const again = QuantileSketch.of(JSON.parse(JSON.stringify(sketch.state())));
        expect(again.state()).toEqual(sketch.state());
        expect(again.quantile(0.95)).toBe(sketch.quantile(0.95));
        expect(again.total).toBe(sketch.total);
      }),
    );
  });

  it.each([
    ['no state', undefined],
    ['a negative bin', { lowestBin: -8, counts: [1] }],
    ['a count that is no number', { lowestBin: 0, counts: ['1' as unknown as number] }],
    ['a negative count', { lowestBin: 0, counts: [-1] }],
    ['too many bins', { lowestBin: 0, counts: new Array<number>(257).fill(0) }],
    ['too many values', { lowestBin: 0, counts: [1000, 1000] }],
  ])('is empty from %s', (_, state) => {
    expect(QuantileSketch.of(state).total).toBe(0);
  });
});
