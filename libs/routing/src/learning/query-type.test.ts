import * as fc from 'fast-check';
import { queryTypes } from '../job-facts.js';
import { queryTypeOf } from './query-type.js';

describe('the type of a query', () => {
  it.each([
    ['research', 'Find recent papers on retrieval-augmented generation'],
    ['research', 'Summarise the literature about sleep and memory'],
    ['research', 'Give me citations for the claim that coffee helps'],
    ['research', 'What is the state of the art in speech recognition?'],
    ['analytical', 'Compare PostgreSQL and MySQL for a write-heavy load'],
    ['analytical', 'Why does the sky turn red in the evening?'],
    ['analytical', 'What are the trade-offs of microservices?'],
    ['analytical', 'Analyse this sales table'],
    ['instructional', 'How do I install Docker on Debian?'],
    ['instructional', 'Give me a step-by-step plan to bake bread'],
    ['instructional', 'Walk me through a bank transfer'],
    ['creative', 'Write a short story about a lighthouse'],
    ['creative', 'Compose a haiku about rain'],
    ['creative', 'Brainstorm ten slogans for a bakery'],
    ['factual', 'What is the capital of France?'],
    ['factual', 'Who wrote Faust?'],
    ['factual', 'How many moons has Jupiter?'],
    ['factual', 'Define entropy'],
    ['simple', 'Hello there'],
    ['simple', ''],
    ['simple', '   '],
    ['simple', 'The newspaper came late'],
    ['simple', 'Übersetze das bitte'],
    ['simple', 'x'.repeat(49)],
    ['complex', 'x'.repeat(50)],
    ['complex', 'Translate the following paragraph into French, and keep its tone as it is.'],
  ])('%s: %s', (type, text) => {
    expect(queryTypeOf(text)).toBe(type);
  });

  it('is the one that the context names', () => {
    expect(queryTypeOf('Write a poem', 'research')).toBe('research');
  });

  it.each([['poetry'], [7], [null], [{}], ['constructor'], ['']])(
    'does not heed the unknown type %p',
    (given) => {
      expect(queryTypeOf('Write a poem', given)).toBe('creative');
    },
  );

  it('does not read on where a text is long', () => {
    expect(queryTypeOf(`${'x '.repeat(1200)} write a poem`)).toBe('complex');
  });

  it('is one of the seven for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(queryTypes).toContain(queryTypeOf(text));
      }),
    );
  });
});
