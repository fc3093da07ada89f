import * as assert from 'uvu/assert';
import { kernelOf } from '../../../../../src/sock/drivers/posix/ffi/kernel.ts';
import * as constants from '../../../../../src/socket.ts';
import { behaviour } from '../../../../support/behaviour.ts';

const { SOL_SOCKET, IPPROTO_TCP, IPPROTO_IPV6 } = constants;

behaviour("a kernel's own numbers", (it) => {
  it('are those of Linux on Linux', () => {
    const linux = kernelOf('linux');

    assert.equal(linux?.option(SOL_SOCKET, 9999), [SOL_SOCKET, 9999]);
    assert.is(linux?.familyOut(constants.AF_INET6), 10);
    assert.is(linux?.optionValue(SOL_SOCKET, constants.SO_KEEPALIVE, 1), 1);
  });

  it('are those of macOS on macOS', () => {
    const darwin = kernelOf('darwin');

    assert.is(darwin?.familyOut(constants.AF_INET6), 30);
    assert.is(darwin?.familyIn(30), constants.AF_INET6);
    assert.is(darwin?.familyIn(32), -1);
    assert.equal(darwin?.option(SOL_SOCKET, constants.SO_REUSEPORT), [0xffff, 0x200]);
    assert.equal(darwin?.option(IPPROTO_TCP, constants.TCP_KEEPIDLE), [6, 0x10]);
    assert.equal(darwin?.option(IPPROTO_IPV6, constants.IPV6_V6ONLY), [41, 27]);
    assert.is(darwin?.option(SOL_SOCKET, constants.SO_DOMAIN), undefined);
  });

  it('are converted to on and off if macOS returns a bit', () => {
    const darwin = kernelOf('darwin');

    assert.is(darwin?.optionValue(SOL_SOCKET, constants.SO_KEEPALIVE, 8), 1);
    assert.is(darwin?.optionValue(SOL_SOCKET, constants.SO_RCVBUF, 8), 8);
  });

  it('are unknown elsewhere', () => {
    assert.is(kernelOf('win32'), undefined);
  });
});
