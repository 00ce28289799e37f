import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const source = join(__dirname, '../../../src');
const files = readdirSync(join(source, 'decide')).filter(name => /^[\w-]+\.ts$/.test(name));

/** What a reader of an example can call: everything that `decide` exports. */
const library: Record<string, unknown> = Object.assign(
  {},
  ...files.map(name => require(join(__dirname, '../../src/decide', name.replace('.ts', '.js')))),
);

/** The examples of a file: lines of code, the last one ending in `// result`. */
function examplesOf(name: string): string[] {
  const text = readFileSync(join(source, 'decide', name), 'utf8');
  return [...text.matchAll(/@example([^@]*?)(?=\n \* @|\n \*\/)/g)].map(([, lines]) =>
    lines.replace(/^ \* ?/gm, '').trim(),
  );
}

// prevents an example that has drifted from what the function returns
test('every example prints what it says', () => {
  for (const name of files) {
    for (const example of examplesOf(name)) {
      const lines = example.split('\n');
      const [last, expected] = lines[lines.length - 1].split(' // ');
      const code = [...lines.slice(0, -1), `return ${last.replace(/;$/, '')}`].join('\n');
      const result: unknown = new Function(...Object.keys(library), code)(...Object.values(library));
      const shown =
        typeof result === 'number'
          ? String(Number(result.toPrecision(expected.replace(/^0?\.?0*/, '').length || 1)))
          : JSON.stringify(result);
      assert.equal(shown, expected, `${name}: ${example}`);
    }
  }
});

test('every function that the library exports has an example', () => {
  const index = readFileSync(join(source, 'index.ts'), 'utf8');
  const names = [...index.matchAll(/export \{([^}]*)\} from '\.\/decide\//g)]
    .flatMap(([, list]) => list.split(','))
    .map(name => name.trim())
    .filter(name => typeof library[name] === 'function');
  assert.ok(names.length > 15);
  const examples = files.flatMap(examplesOf).join('\n');
  for (const name of names) assert.match(examples, new RegExp(`\\b${name}\\(`), name);
});
