import type { Scorer } from '../scorer.js';

/**
 * Rates by the job's estimated cost: free gets 1, the dearest of the set 0; all free, all get 1.
 */
export const cost: Scorer = {
  name: 'cost',
  score: ({ costsUsdMicros }) => {
    let dearest = 0;
    for (const costUsdMicros of costsUsdMicros) {
      if (costUsdMicros > dearest) dearest = costUsdMicros;
    }
    const scores = new Array<number>(costsUsdMicros.length);
    for (let at = 0; at < scores.length; at += 1) {
      scores[at] = dearest === 0 ? 1 : 1 - (costsUsdMicros[at] as number) / dearest;
    }
    return scores;
  },
};
