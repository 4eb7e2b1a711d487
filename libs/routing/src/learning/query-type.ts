import { type QueryType, queryTypes } from '../job-facts.js';

/** A shorter text that fits no other type is simple. */
const simpleLengthMax = 50;
/** What a text asks for is said near its start; the rest of a long one is not read. */
const readMax = 2000;

/**
 * The signs of each type; the first type of which one is in the text is its type. Whole words, so
 * that "paper" is not in "newspaper".
 */
const signs: readonly (readonly [QueryType, RegExp])[] = [
  [
    'research',
    /\b(research|literature|studies|study on|papers?|survey of|sources?|citations?|cite|references|state of the art|latest (findings|developments)|systematic review|meta-analysis)\b/,
  ],
  [
    'analytical',
    /\b(analy[sz]e|analysis|compar(e|ed|ing|ison)|contrast|evaluate|assess|pros and cons|trade-?offs?|advantages|disadvantages|versus|vs|implications?|impact of|root cause|why (do|does|did|is|are|was|were))\b/,
  ],
  [
    'instructional',
    /\b(how (to|do|can|should|would) ?(i|you|we|one)?|step[ -]by[ -]step|steps to|tutorial|guide( me)?|instructions?|walk me through|set ?up|install|configure|show me how|teach me|explain how)\b/,
  ],
  [
    'creative',
    /\b(write( me)? (an?|the|some)|compose|poems?|stor(y|ies)|haiku|lyrics|song|imagine|invent|brainstorm|slogans?|taglines?|fiction(al)?|screenplay|creative|rewrite)\b/,
  ],
  [
    'factual',
    /^(who|what|when|where|which)\b|\b(who (is|was|are|were|wrote|invented|discovered)|what (is|are|was|were)|when (is|was|did|does)|where (is|are|was|were)|how (many|much|old|tall|far|long|big)|define|definition of|capital of|meaning of|name of|date of)\b/,
  ],
];

/**
 * What kind of question `text` is, by fixed rules and before it is hashed: nothing of it is kept.
 *
 * - `given` (`context.query_type`) overrides where it names a type.
 * - No sign of any type: `simple` below 50 characters, else `complex`.
 * - The rules know English; a text in another language is simple or complex.
 */
export function queryTypeOf(text: string, given?: unknown): QueryType {
  const wanted = queryTypes.find((type) => type === given);
  if (wanted !== undefined) return wanted;
  const read = text.slice(0, readMax).trim().toLowerCase();
  const found = signs.find(([, sign]) => sign.test(read));
  if (found !== undefined) return found[0];
  return read.length < simpleLengthMax ? 'simple' : 'complex';
}
