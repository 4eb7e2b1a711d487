import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pointsOf, waitingExampleOf, waitingWorldOf } from './waiting-example.js';

const guide = readFileSync(join(process.cwd(), 'docs', 'guides', 'routing.md'), 'utf8');
const [, section = ''] = /\n## Waiting for a cheaper backend\n([\s\S]*?)\n## /.exec(guide) ?? [];

describe('the example of jobs that wait for a cheaper backend', () => {
  const world = waitingWorldOf(section);

  it('is what is decided', () => {
    const table = section.slice(section.indexOf('| job '), section.indexOf('\n\n- '));
    expect(table.trimEnd()).toBe(waitingExampleOf(world));
  });

  it('has the points of a job that is due', () => {
    const text = section.replaceAll(/\s+/g, ' ');
    expect(text).toContain(`points for a job that is due: ${pointsOf(world)}.`);
  });
});
