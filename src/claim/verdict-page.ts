import { short } from '../decide/decision';
import { type Answers, type Check, MEANING, rate, type Verification } from './verdict';

/** More classes than this, and the picture shows only those that are the label of a key. */
const MOST_COLUMNS = 60;

const COLOURS = { HOLDS: '#1b6e3c', INCOMPLETE: '#8a6100', FAILS: '#a3201d' };

/** Each step in words, and what it rests on. */
const STEPS: Readonly<Record<Check['name'], readonly [string, string]>> = {
  secret: ['The opened secret is the one that the plan was made with', 'the file, recomputed'],
  commitment: ['The plan is the one that was committed to', 'the file, and what the verifier brought'],
  beacon: ['The public randomness is what its source published', 'the file, and what the verifier knows'],
  age: [
    'The commitment is older than the public randomness',
    'a time stamp, or the verifier’s own knowledge',
  ],
  marks: ['The published data carry the marks', 'data that the verifier obtained'],
  questions: ['The suspect was asked', 'the verifier herself'],
  labels: ['Without marks the suspect answers like a model for these data', 'answers to the verifier'],
  claim: ['With marks it names the labels that the keys drew, beyond chance', 'answers to the verifier'],
};

/** A verdict as one self-contained HTML page, for readers who are no statisticians. */
export function verdictPage(verification: Verification): string {
  const { outcome, checks, claim, answers, decision, room, notes } = verification;
  const rows = checks.map(({ name, outcome: found, detail, next }) => {
    const [meaning, basis] = STEPS[name];
    const advice = next ? `<p class="next">Next: ${escaped(next)}</p>` : '';
    const cells = [meaning, found, detail, basis].map(escaped);
    return `<tr class="${found === 'not checked' ? 'open' : found}"><td>${cells[0]}<td>${cells[1]}<td>${cells[2]}${advice}<td>${cells[3]}`;
  });
  const facts: [string, string | undefined][] = [
    ['Suspect, as the owner names it', claim.suspect],
    ['Suspect, as the verifier asked it', claim.asked],
    ['Commitment', claim.commitment],
    ['Opened group', `${claim.group}, one of ${claim.groups}`],
    ['Chance of so many agreeing answers', decision && `p = ${short(decision.pValue)}`],
    ['Level', String(claim.level)],
    ['Room: alternatives among which the claim would stand', room === undefined ? undefined : String(room)],
    ['Room that was required', String(claim.claims)],
  ];
  const list = facts.flatMap(([term, value]) => (value ? [`<dt>${term}<dd>${escaped(value)}`] : []));
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${outcome}: verdict on a claim of data use</title>
<style>
body { font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
h1 { color: ${COLOURS[outcome]} } table { border-collapse: collapse } td, th { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-top: 1px solid #ccc }
tr.FAILS td:nth-child(2) { color: ${COLOURS.FAILS}; font-weight: bold } tr.open td:nth-child(2) { color: ${COLOURS.INCOMPLETE} }
dt { font-weight: bold } dd { margin: 0 0 .5rem; overflow-wrap: anywhere } td { overflow-wrap: anywhere } .next { margin: .2rem 0; font-style: italic } svg { max-width: 100%; height: auto }
</style>
<h1>${outcome}</h1>
<p>${MEANING[outcome]}.</p>
<h2>What is claimed</h2>
<p>The owner says: this model learnt from data that she had marked before she published them. Each mark is a small
pattern with a label, drawn by a secret key and by public randomness that nobody controls. A model that never saw
the marks has no reason to answer the drawn labels.</p>
<dl>${list.join('\n')}</dl>
<h2>What was checked, and what it rests on</h2>
<table><tr><th>Step<th>Outcome<th>Found<th>Rests on
${rows.join('\n')}
</table>
${answers ? picture(answers, claim.classNames) : ''}
<h2>How to read this, and what it does not show</h2>
${notes.map(note => `<p>${escaped(note)}</p>`).join('\n')}
</html>
`;
}

function picture(answers: Answers, classNames: readonly string[]): string {
  const { votes, targets, accuracy, triggeredRate, untriggeredRate, questions, refused } = answers;
  const few = classNames.length <= MOST_COLUMNS;
  const columns = few ? [...classNames.keys()] : [...new Set(targets)].sort((a, b) => a - b);
  const [left, top, height] = [70, 130, 24];
  const width = Math.max(10, Math.min(44, Math.floor(800 / columns.length)));
  const most = Math.max(1, ...votes.flat());
  const cells = votes.flatMap((row, j) =>
    columns.map((label, i) => {
      const [x, y] = [left + i * width, top + j * height];
      const text =
        row[label] > 0 && width >= 20
          ? `<text x="${x + width / 2}" y="${y + 16}" text-anchor="middle" fill="${row[label] > most / 2 ? '#fff' : '#222'}">${row[label]}</text>`
          : '';
      const title = `<title>key ${j}, ${escaped(classNames[label])}: ${row[label]}</title>`;
      return `<g><rect x="${x}" y="${y}" width="${width}" height="${height}" fill="#1f5fa8" fill-opacity="${(row[label] / most).toFixed(3)}" stroke="#ddd">${title}</rect>${text}</g>`;
    }),
  );
  const outlines = targets.map((target, j) => {
    const [x, y] = [left + columns.indexOf(target) * width, top + j * height];
    return `<rect x="${x + 1}" y="${y + 1}" width="${width - 2}" height="${height - 2}" fill="none" stroke="#d55e00" stroke-width="3"/>`;
  });
  const names = columns.map((label, i) => {
    const [x, y] = [left + (i + 0.5) * width, top - 8];
    return `<text x="${x}" y="${y}" transform="rotate(-55 ${x} ${y})">${escaped(classNames[label].slice(0, 20))}</text>`;
  });
  const keys = votes.map(
    (_, j) => `<text x="${left - 8}" y="${top + j * height + 16}" text-anchor="end">key ${j}</text>`,
  );
  const size = [left + columns.length * width + 90, top + votes.length * height + 10];
  return `<h2>The questions</h2>
<p>${questions} questions were asked, ${refused} of them refused. Without a mark ${rate(accuracy)} of the answers are
right, and ${rate(untriggeredRate)} happen to be the label that a key drew; with its mark ${rate(triggeredRate)} are.</p>
<svg viewBox="0 0 ${size[0]} ${size[1]}" width="${size[0]}" font-family="sans-serif" font-size="12" role="img"
aria-label="Votes by key and label"><g>${[...names, ...keys, ...cells, ...outlines].join('\n')}</g></svg>
<p>How often the model gave each label (columns) to questions with the mark of each key (rows). Outlined: the label
that the key drew. ${few ? '' : 'Labels that no key drew are left out.'}</p>`;
}

function escaped(text: string): string {
  return text.replace(
    /[&<>"'\p{Cc}\u2028-\u202e\u2066-\u2069]/gu,
    character => `&#${character.codePointAt(0)};`,
  );
}
