/** Pillow and OpenCV as judges: what both show of a damaged file the gateway shows, and what both refuse it refuses. */
import { test } from 'tap';
import { judgeMutations, missingJudges } from '../../bench/jpeg/judge.ts';

/** The Python of `make test-deps` stands behind the project's own Node on the PATH. */
const python = 'python3';
const missing = missingJudges(python);
/** Some fifty of each kind of change; `npm run bench:jpeg` makes ten thousand mutations. */
const mutations = 700;

test('damaged files give a picture where they do in Pillow and OpenCV, and only there', {
  skip: missing === undefined ? false : `${missing}; make test-deps installs it`,
}, async (t) => {
  const judged = await judgeMutations(python, mutations, 1);
  const shown = judged.filter(({ pillow, opencv, presentPercent }) => pillow && opencv && presentPercent >= 1);
  t.ok(shown.length > mutations / 2, `${shown.length} were still pictures`);
  for (const { what, refusal } of shown) t.equal(refusal, undefined, what);
  const refused = judged.filter(({ pillow, opencv }) => !pillow && !opencv);
  t.ok(refused.length > mutations / 10, `${refused.length} were none`);
  for (const { what, refusal } of refused) t.match(refusal, /Not a valid JPEG image: ./, what);
});
