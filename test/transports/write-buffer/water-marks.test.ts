import * as assert from 'uvu/assert';
import { WaterMarks } from '../../../src/transports/write-buffer/water-marks.ts';
import { behaviour } from '../../support/behaviour.ts';
import { throws } from '../../support/throws.ts';

behaviour('WaterMarks', (it) => {
  it('pauses once above the high-water mark, and resumes once at the low-water mark or below', () => {
    const marks = new WaterMarks();
    marks.set(100, 10);

    const said = [marks.rise(100), marks.rise(101), marks.rise(102)];
    said.push(marks.fall(11), marks.fall(10), marks.fall(0));

    assert.equal(said, [false, true, false, false, true, false]);
  });

  it('defaults to 16 and 64 KiB, and derives the mark that is not given', () => {
    const marks = new WaterMarks();
    const limits = [marks.limits];

    for (const [high, low] of [[1026], [undefined, 50], [7, 3], [], [0]] as number[][]) {
      marks.set(high, low);
      limits.push(marks.limits);
    }

    const usual = [16 * 1024, 64 * 1024];
    assert.equal(limits, [usual, [256, 1026], [50, 200], [3, 7], usual, [0, 0]]);
  });

  it('refuses a low-water mark above the high-water mark, and keeps the previous marks', () => {
    const marks = new WaterMarks();

    throws(() => marks.set(0, 1), RangeError, {
      message: 'high (0) must be >= low (1) must be >= 0',
    });
    throws(() => marks.set(1, -1), RangeError);
    throws(() => marks.set(Number.NaN), RangeError);

    assert.equal(marks.limits, [16 * 1024, 64 * 1024]);
  });
});
