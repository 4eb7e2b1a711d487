import { strategies } from '../registry.js';
import { describeScorerLaws, describeStrategyLaws } from '../testing/laws.js';

const all = Object.values(strategies);

describeStrategyLaws(...all);
describeScorerLaws(...new Set(all.flatMap(({ scorers }) => scorers.map(({ scorer }) => scorer))));
