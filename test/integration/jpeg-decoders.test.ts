/** The gateway decodes damaged files that Pillow and OpenCV both decode, and rejects files that both reject. */
import { test } from 'tap';
import { judgeMutations, missingJudges } from '../../bench/jpeg/judge.ts';

/** The Python of `make test-deps` is on the PATH after the project's own Node. */
const python = 'python3';
const missing = missingJudges(python);
/** About fifty per kind of change; `npm run bench:jpeg` runs ten thousand mutations. */
const mutations = 700;

test('decodes the damaged files that Pillow and OpenCV decode, and no others', {
  skip: missing === undefined ? false : `${missing}; make test-deps installs it`,
}, async (t) => {
  const judged = await judgeMutations(python, mutations, 1);
  const shown = judged.filter(({ pillow, opencv, presentPercent }) => pillow && opencv && presentPercent >= 1);
  t.ok(shown.length > mutations / 2, `${shown.length} could still be decoded`);
  for (const { what, refusal } of shown) t.equal(refusal, undefined, what);
  const refused = judged.filter(({ pillow, opencv }) => !pillow && !opencv);
  t.ok(refused.length > mutations / 10, `${refused.length} were none`);
  for (const { what, refusal } of refused) t.match(refusal, /Not a valid JPEG image: ./, what);
});
