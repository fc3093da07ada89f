import * as assert from 'uvu/assert';
import { Echo, messageOf } from '../../../bench/client/message.ts';
import { behaviour } from '../../support/behaviour.ts';
import { throws } from '../../support/throws.ts';

behaviour('Echo.take', (it) => {
  it('is true once a message has come back whole, in however many pieces, and then anew', () => {
    const message = messageOf(1000);
    const echo = new Echo(message);

    for (let time = 0; time < 2; time += 1) {
      assert.not(echo.take(400, message));
      assert.not(echo.take(599, message.subarray(400)));
      assert.ok(echo.take(1, message.subarray(999)));
    }
  });

  it('refuses other bytes than were sent', () => {
    const echo = new Echo(messageOf(1000));

    assert.throws(() => echo.take(10, Buffer.alloc(10, 7)), /other bytes came back than were sent/);
  });

  it('refuses bytes in another place than they were sent in', () => {
    const message = messageOf(1000);
    const echo = new Echo(message);

    echo.take(10, message);
    throws(() => echo.take(10, message.subarray(20)), Error);
  });

  it('refuses more bytes than were sent', () => {
    const echo = new Echo(messageOf(10));

    assert.throws(() => echo.take(12, Buffer.alloc(12)), /^2 bytes came back that were never sent/);
  });
});
