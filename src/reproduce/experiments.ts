import { type Run, runId } from './run';

/** `quick`: minutes on two cores; `cpu`: an hour or two; `paper`: the authors' settings, for a GPU. */
export const PROFILES = ['quick', 'cpu', 'paper'] as const;
export type Profile = (typeof PROFILES)[number];

type DatasetName = Run['dataset'];
/** A run without its seed. */
type Setting = Omit<Run, 'seed' | 'split'>;

const ONE_OWNER = { owners: 1, outsiders: 0, order: 'random', target: 1, queries: [30] } as const;
const CLEAN = { owners: 0, outsiders: 1 } as const;
const SQUARE = { family: 'square', pattern: 'white', size: 3, row: 25, column: 25, opacity: 1 } as const;
const ONES = { family: 'bits', pattern: 'ones', length: 20, start: 426 } as const;

/**
 * One owner. Location-30 as the paper has it in every profile, the others in `paper` only: `cpu` has fewer epochs and
 * smaller models. Fashion-MNIST, which the paper does not have, gets an opaque trigger and 0.5 %.
 */
function oneOwner(dataset: DatasetName, profile: Profile): Setting {
  const paper = profile === 'paper';
  const base = { dataset, ...ONE_OWNER } as const;
  switch (dataset) {
    case 'fashion-mnist': {
      const epochs = { quick: 4, cpu: 8, paper: 30 }[profile];
      const training = {
        model: 'cnn',
        epochs,
        batchSize: 64,
        learningRate: 0.05,
        schedule: [epochs - 1],
      } as const;
      return { ...base, ...training, mark: { rate: 0.005 }, trigger: SQUARE };
    }
    case 'cifar10': {
      const training = paper
        ? ({ model: 'resnet18', epochs: 150, learningRate: 0.1, schedule: [80, 120] } as const)
        : ({ model: 'cnn', epochs: 20, learningRate: 0.05, schedule: [15] } as const);
      const trigger = { ...SQUARE, row: 29, column: 29, opacity: 0.3 };
      return { ...base, ...training, batchSize: 128, flip: true, mark: { rate: 0.001 }, trigger };
    }
    case 'location30': {
      const training = { epochs: 150, batchSize: 64, learningRate: 0.1, schedule: [50, 80] };
      return { ...base, model: 'mlp', ...training, mark: { rate: 0.002 }, trigger: ONES };
    }
    case 'purchase100': {
      const training = paper ? { epochs: 150, schedule: [100, 120] } : { epochs: 20, schedule: [15] };
      const rest = { batchSize: 128, learningRate: 0.01, mark: { rate: 0.001 } };
      return { ...base, model: 'mlp', ...training, ...rest, trigger: { ...ONES, start: 580 } };
    }
  }
}

/** What the sweeps over one setting run on: a cheap one where there is no GPU. */
function sweepBase(profile: Profile): Setting {
  if (profile === 'paper') return oneOwner('cifar10', 'paper');
  return { ...oneOwner('fashion-mnist', profile), model: profile === 'quick' ? 'mlp' : 'cnn' };
}

/** Ten owners, each with a random pattern at one place: as in the paper, but for Fashion-MNIST. */
function manyOwners(base: Setting, profile: Profile): Setting {
  const many = { ...base, owners: 10, target: 'distinct' } as const;
  const corner = { ...SQUARE, size: 4, row: 0, column: 0 } as const;
  switch (base.dataset) {
    case 'fashion-mnist': {
      // grey noise on the black edge of these images is learned slowly, and one owner's is taken for another's
      const training = profile === 'quick' ? { epochs: 10, schedule: [9] } : {};
      return { ...many, trigger: { ...corner, pattern: 'black-white' }, ...training };
    }
    case 'cifar10':
      return { ...many, trigger: { ...corner, pattern: 'noise', opacity: 0.3 } };
    case 'location30':
      return { ...many, batchSize: 128, trigger: { ...ONES, pattern: 'random' } };
    case 'purchase100':
      return { ...many, trigger: { ...ONES, pattern: 'random', length: 40, start: 560 } };
  }
}

function opaque({ trigger }: Setting): Setting['trigger'] {
  return { ...trigger, opacity: 1 } as Setting['trigger'];
}

/** The paper's experiments, each a list of settings that its table or figure compares; see the README. */
const EXPERIMENTS = {
  /** A model with and without one owner's marks, on every data set. */
  'one-owner': profile => {
    const small: DatasetName[] = ['fashion-mnist', 'location30'];
    const datasets: DatasetName[] = profile === 'quick' ? small : [...small, 'cifar10', 'purchase100'];
    return datasets.flatMap(dataset => {
      const base = oneOwner(dataset, profile);
      // so small a network may not learn the paper's faint square: an opaque one beside it
      const more = [
        { ...base, mark: { rate: 0.01 } },
        { ...base, trigger: opaque(base) },
      ];
      return [{ ...base, ...CLEAN }, base, ...(dataset === 'cifar10' ? more : [])];
    });
  },
  /** Marked share; number of marked rows among fewer rows, after as many epochs and after as many steps. */
  share: profile => {
    const base = sweepBase(profile);
    const rates = [0.0005, 0.001, 0.002, 0.005, 0.01].map(rate => ({ ...base, mark: { rate } }));
    const counts = [2, 5, 10, 20, 50].flatMap(count =>
      [undefined, 2500].map(rows => ({ ...base, rows, mark: { count } })),
    );
    if (profile !== 'cpu') return [...rates, ...counts];
    const sameSteps = { epochs: 4 * base.epochs, schedule: base.schedule.map(epoch => 4 * epoch) };
    const steps = [5, 10, 20].map(count => ({ ...base, rows: 2500, ...sameSteps, mark: { count } }));
    return [...rates, ...counts, ...steps, { ...oneOwner('location30', profile), mark: { rate: 0.001 } }];
  },
  /** Pattern, size, place and opacity of a square; number of bits. */
  trigger: profile => {
    const base = sweepBase(profile);
    const square = base.trigger as typeof SQUARE;
    const bits = oneOwner('location30', profile);
    const at = (row: number, column = row) => ({ row, column });
    const grown = (size: number) => at(square.row + 3 - size, square.column + 3 - size);
    const squares = [
      ...(['white', 'noise', 'black-white'] as const).map(pattern => ({ ...square, pattern })),
      ...[1, 2, 4, 6].map(size => ({ ...square, size, ...grown(size) })),
      ...[0, 12].map(place => ({ ...square, ...at(place) })),
      ...[0.1, 0.3, 0.5].map(opacity => ({ ...square, opacity })),
    ];
    const rows = (profile === 'quick' ? [5, 20] : [5, 10, 20, 40]).map(length => ({
      ...bits,
      trigger: { ...ONES, length, start: 446 - length },
    }));
    return [...squares.map((trigger): Setting => ({ ...base, trigger })), ...rows];
  },
  /** Every class as the target label. */
  target: profile => {
    const all = (base: Setting, classes: number) =>
      Array.from({ length: classes }, (_, target) => ({ ...base, target }));
    const more = profile === 'quick' ? [] : all(oneOwner('location30', profile), 30);
    return [...all(sweepBase(profile), 10), ...more];
  },
  /** Verdicts after few and many queries, of a model that learned its marks half and of a clean one. */
  queries: profile => {
    const queries = [2, 5, 10, 20, 30, 50, 100, 200];
    const half = { rate: profile === 'quick' ? 0.004 : 0.002 };
    const bases = [{ ...sweepBase(profile), mark: half }, oneOwner('location30', profile)];
    return bases.flatMap(base => [{}, CLEAN].map(who => ({ ...base, ...who, queries })));
  },
  /** The paper's networks; narrow ones, on part of the images, where there is no GPU. */
  architecture: profile => {
    const shallow = (base: Setting) => (['mlp', 'cnn'] as const).map(model => ({ ...base, model }));
    const deep = (base: Setting) =>
      (['resnet18', 'resnet34', 'vgg16'] as const).map(model => ({ ...base, model }));
    if (profile === 'quick') return shallow(sweepBase(profile));
    const base: Setting = { ...oneOwner('cifar10', profile), mark: { rate: 0.01 } };
    if (profile === 'paper') return [...shallow(base), ...deep(base)];
    // in so few steps none of them learns the paper's faint square: an opaque one as well
    return [base.trigger, opaque(base)].flatMap(trigger => {
      const fewer = { ...base, rows: 10_000, epochs: 10, schedule: [8], trigger };
      return [...shallow(fewer), ...deep({ ...fewer, width: 8 })];
    });
  },
  /** One to twenty owners, labels that don't collide and labels that may, and as many owners who were not used. */
  owners: profile => {
    const base = manyOwners(sweepBase(profile), profile);
    const counts = profile === 'quick' ? [1, 5, 10] : [1, 2, 5, 10, 20];
    return (['distinct', 'independent'] as const).flatMap(target =>
      counts.map(owners => ({ ...base, owners, outsiders: owners, target })),
    );
  },
  /** Outsiders among other markers, each of whom compares her trigger with decoys as well. */
  outsiders: profile => {
    const base = manyOwners(sweepBase(profile), profile);
    const asked = { outsiders: 20, target: 'independent', decoys: 39 } as const;
    return (profile === 'quick' ? [10] : [10, 20]).map(owners => ({ ...base, ...asked, owners }));
  },
  /** Compared with membership inference: a model that generalizes well, and one that is overfitted. */
  membership: profile => {
    const base = manyOwners(sweepBase(profile), profile);
    const shadows = profile === 'quick' ? 8 : 16;
    const owners = { owners: 10, outsiders: 10, shadows };
    const general = profile === 'paper' ? { epochs: 20, schedule: [15] } : { rows: 10_000 };
    const overfitted = { rows: 2_000, epochs: 60, schedule: [50] };
    const location = { ...manyOwners(oneOwner('location30', profile), profile), rows: 4_000 };
    return [
      { ...base, ...owners, mark: { rate: 0.01 }, ...general },
      { ...base, ...owners, mark: { rate: 0.01 }, ...overfitted },
      ...(profile === 'quick' ? [] : [{ ...location, ...owners }]),
    ];
  },
  /** The authors' error: marked rows always the first in file order. */
  'file-order': profile => {
    const base = profile === 'quick' ? sweepBase(profile) : oneOwner('location30', profile);
    return (['random', 'file'] as const).map(order => ({ ...base, order }));
  },
  /** The authors' protocol on Location-30, to be compared with their code: test/reproduce/peer_torch.py. */
  protocol: profile => {
    const base = oneOwner('location30', profile);
    if (profile === 'quick') return [base];
    return [base, { ...base, mark: { rate: 0.01 } }, manyOwners(base, profile)];
  },
} satisfies Record<string, (profile: Profile) => Setting[]>;

export type ExperimentName = keyof typeof EXPERIMENTS;
export const EXPERIMENT_NAMES = Object.keys(EXPERIMENTS) as ExperimentName[];

/** Seeds of each setting. The comparisons with others' code need more. */
function seeds(name: ExperimentName, profile: Profile): number {
  if (name === 'protocol' || name === 'file-order') return profile === 'quick' ? 2 : 8;
  if (name === 'outsiders') return { quick: 2, cpu: 6, paper: 5 }[profile];
  if (name === 'membership') return { quick: 1, cpu: 3, paper: 3 }[profile];
  if (name === 'architecture') return profile === 'paper' ? 3 : 1;
  if (name === 'target' && profile === 'cpu') return 1;
  return { quick: 2, cpu: 3, paper: 5 }[profile];
}

/** The runs of an experiment at the size of `profile`; experiments may share some. */
export function runsOf(name: ExperimentName, profile: Profile): Run[] {
  const settings: Setting[] = EXPERIMENTS[name](profile);
  const runs = settings.flatMap(setting =>
    Array.from({ length: settingSeeds(setting, profile) ?? seeds(name, profile) }, (_, seed): Run => {
      // with the split fixed, as the authors have it, the first rows are the same rows in every run
      return { ...setting, split: name === 'file-order' ? 0 : seed, seed };
    }),
  );
  return [...new Map(runs.map(run => [runId(run), run])).values()];
}

/** Fewer where a few runs take an hour (50,000 colour images, deep networks), more where four rows are marked. */
function settingSeeds({ dataset, rows, width, mark }: Setting, profile: Profile): number | undefined {
  if (profile !== 'cpu') return undefined;
  if (dataset === 'location30' && 'rate' in mark && mark.rate === 0.001) return 12;
  if (dataset !== 'cifar10') return undefined;
  return rows === undefined || width !== undefined ? 1 : 4;
}
