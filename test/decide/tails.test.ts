import { test } from 'node:test';
import { studentQuantile, studentTail } from '../../src/decide/tails';
import { assertClose } from './checks';
import golden from './golden.json';

// jStat's own quantile is off by 4e-8
test("Student's quantile and tail agree with R's qt, one degree of freedom included", () => {
  for (const { degrees, probability, quantile } of golden.student) {
    const what = `${degrees} degrees, ${probability}`;
    assertClose(studentQuantile(probability, degrees), quantile, 1e-10, what);
    assertClose(studentTail(quantile, degrees), 1 - probability, 1e-10, what);
  }
});
