import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binomialTest } from '../../src/decide/binomial';
import { estimateChance } from '../../src/decide/chance';
import { clopperPearson } from '../../src/decide/interval';
import { sequentialTest } from '../../src/decide/sequential';
import { assertCalibrated, assertClose, drawHits } from './checks';

test('one model: the Clopper–Pearson limit', () => {
  const { chance, rate } = estimateChance({ models: [{ hits: 7, queries: 200 }], confidence: 0.99 });
  assertClose(chance, clopperPearson({ hits: 7, queries: 200, confidence: 0.98 })[1], 1e-12, 'limit');
  assert.equal(rate, 7 / 200);
});

test('several models: the prediction limit, by hand', () => {
  // R: z <- asin(sqrt((c(20,30,25)+3/8)/(200+3/4))); sin(mean(z) + qt(.95, 2)*sd(z)*sqrt(4/3))^2
  const models = [20, 30, 25].map(hits => ({ hits, queries: 200 }));
  assertClose(estimateChance({ models, confidence: 0.95 }).chance, 0.22097952023174, 1e-12, 'limit');
});

// the bug this prevents: pooling the queries of models that differ, as if they were one
test('models that differ give a higher limit than models that agree', () => {
  const limit = (hits: number[]) =>
    estimateChance({ models: hits.map(h => ({ hits: h, queries: 500 })), confidence: 0.99 }).chance;
  assert.ok(limit([20, 100, 60, 10, 110]) > 2 * limit([60, 60, 60, 60, 60]));
  assert.ok(limit([0, 0, 0, 0, 0]) >= clopperPearson({ hits: 0, queries: 2500, confidence: 0.98 })[1]);
});

test('the p-value accounts for the estimation', () => {
  const chance = estimateChance({ models: [{ hits: 50, queries: 500 }], confidence: 0.999 });
  const options = { hits: 20, queries: 60, alpha: 0.05 };
  const { pValue } = binomialTest({ ...options, chance });
  assertClose(pValue, binomialTest({ ...options, chance: chance.chance }).pValue + 0.001, 1e-9, 'p');
  const hopeless = estimateChance({
    models: [20, 200].map(hits => ({ hits, queries: 500 })),
    confidence: 0.999,
  });
  assert.equal(binomialTest({ ...options, chance: hopeless }).pValue, 1);
});

test('no more than alpha of innocent models are accused, though clean models differ', () => {
  for (const spread of [0, 0.05]) {
    assertCalibrated(0.05, 1000, random => {
      const draw = () => Math.sin(Math.max(0, 0.35 + spread * random.normal())) ** 2;
      const models = Array.from({ length: 4 }, () => ({ hits: drawHits(random, 300, draw()), queries: 300 }));
      const chance = estimateChance({ models, confidence: 0.99 });
      return binomialTest({ hits: drawHits(random, 100, draw()), queries: 100, chance, alpha: 0.05 })
        .rejected;
    });
  }
});

// the bug this prevents: references that always answer the target gave a chance of 1, which no test accepts
test('whatever the references answered, the limit is a chance that every test accepts', () => {
  for (const rates of [[20], [20, 20], [20, 0], [19, 20, 20], [0], [0, 0]]) {
    for (const confidence of [0.5, 0.999, 1 - 1e-12]) {
      const models = rates.map(hits => ({ hits, queries: 20 }));
      const estimate = estimateChance({ models, confidence });
      const what = JSON.stringify(estimate);
      assert.ok(estimate.chance > 0 && estimate.chance < 1, what);
      const { update } = sequentialTest({ chance: estimate.chance, alpha: 0.05 });
      for (let query = 0; query < 50; query++) {
        const { pValue, eValue } = update(query % 7 > 0);
        assert.ok(pValue > 0 && pValue <= 1 && eValue >= 0, what);
      }
      const { pValue } = binomialTest({ hits: 30, queries: 30, chance: estimate, alpha: 0.05 });
      assert.ok(pValue > 0 && pValue <= 1, what);
    }
  }
});

test('wrong arguments name themselves', () => {
  assert.throws(() => estimateChance({ models: [], confidence: 0.9 }), /estimateChance: models.length is 0/);
  assert.throws(
    () => estimateChance({ models: [{ hits: 3, queries: 2 }], confidence: 0.9 }),
    /estimateChance: models\[0\].hits is 3, expected an integer in 0..2/,
  );
});
