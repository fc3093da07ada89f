import * as assert from 'uvu/assert';
import {
  onCollectionRequest,
  pendingCollectionRequests,
  requestCollection,
  withdrawCollectionRequest,
} from '../../src/base/collection-requests.ts';
import { behaviour } from '../support/behaviour.ts';

behaviour('requestCollection', (it) => {
  it('notifies listeners, with its urgency, until they stop listening', () => {
    const before = pendingCollectionRequests();
    const told: boolean[] = [];
    const stop = onCollectionRequest((urgent) => told.push(urgent));

    requestCollection();
    requestCollection(true);
    stop();
    requestCollection(true);

    assert.equal(told, [false, true]);
    assert.is(pendingCollectionRequests(), before + 1);
    withdrawCollectionRequest();
    assert.is(pendingCollectionRequests(), before);
  });
});
