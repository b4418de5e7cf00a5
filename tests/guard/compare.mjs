// Runs the guard under Callgrind and compares what each operation costs with baseline.json. Ends with 1 when one costs
// more than 5 % more instructions or allocations.
//   node compare.mjs PROGRAM            compares
//   node compare.mjs PROGRAM --record   writes baseline.json instead: in the commit that makes something dearer, with
//                                       its reason, or cheaper
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const allowed = 1.05;
const [program, ...rest] = process.argv.slice(2);
if (!program || rest.some((word) => word !== '--record')) {
  console.error('node compare.mjs PROGRAM [--record]');
  process.exit(2);
}
const baselineFile = new URL('baseline.json', import.meta.url);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hongyan-guard-'));
let printed, instructions;
try {
  printed = execFileSync(
    'valgrind',
    ['--tool=callgrind', '--quiet', '--compress-strings=no', `--callgrind-out-file=${folder}/out`, program],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  instructions = readInstructions(folder);
} finally {
  fs.rmSync(folder, { recursive: true });
}

/** Of each operation, by its name: what Callgrind counted from the reset before it to the dump behind it. */
function readInstructions(of) {
  const found = {};
  for (const name of fs.readdirSync(of)) {
    const text = fs.readFileSync(path.join(of, name), 'utf8');
    const operation = /^desc: Trigger: Client Request: (.*)$/m.exec(text)?.[1];
    const total = /^(?:summary|totals): (\d+)/m.exec(text)?.[1];
    if (operation && total) found[operation] = (found[operation] ?? 0) + Number(total);
  }
  return found;
}

const now = {};
for (const line of printed.trim().split('\n')) {
  const [, operation, times, allocations] = /^(.*) (\d+) (\d+)$/.exec(line);
  if (!instructions[operation]) throw new Error(`Callgrind has no figures of "${operation}"`);
  now[operation] = {
    instructions: Math.round(instructions[operation] / times),
    allocations: Math.round((10 * allocations) / times) / 10,
  };
}

if (rest.includes('--record')) {
  fs.writeFileSync(baselineFile, JSON.stringify(now, null, 2) + '\n');
  console.log(`recorded ${Object.keys(now).length} operations`);
  process.exit(0);
}

const baseline = JSON.parse(fs.readFileSync(baselineFile, 'utf8'));
let dearer = 0;
const change = (is, was) => (was === 0 ? (is === 0 ? 1 : Infinity) : is / was);
const percent = (ratio) => `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(1)} %`;
console.log(`${'operation'.padEnd(52)} ${'instructions'.padStart(12)} ${''.padStart(9)} ${'allocations'.padStart(11)}`);
for (const operation of new Set([...Object.keys(baseline), ...Object.keys(now)])) {
  const [is, was] = [now[operation], baseline[operation]];
  if (!is || !was) {
    console.log(`${operation.padEnd(52)} is ${is ? 'not in baseline.json: record it' : 'not measured any more'}`);
    dearer += 1;
    continue;
  }
  const [byInstructions, byAllocations] = ['instructions', 'allocations'].map((what) => change(is[what], was[what]));
  const isDearer = byInstructions > allowed || byAllocations > allowed;
  dearer += isDearer;
  console.log(
    `${operation.padEnd(52)} ${String(is.instructions).padStart(12)} ${percent(byInstructions).padStart(9)} ` +
      `${String(is.allocations).padStart(11)} ${percent(byAllocations).padStart(9)}${isDearer ? '  DEARER' : ''}`,
  );
}
if (dearer > 0) {
  console.log(`${dearer} differ by more than 5 %; if that is meant: scripts/bench --guard --record, and say why`);
  process.exit(1);
}
