import { chaos, chaosList } from '../../../packages/core/test/support/fleet-chaos.ts'
import { atMost, type Result, type RunOptions } from '../scenario.ts'

// What docs/scaling.md promises for a Redis that is back.
const statedLag = 5

/** Four processes under load, and Redis that fails in every way at random. */
export async function revocationChaos({ quick, say }: RunOptions): Promise<Result> {
  const found = await chaos({ seed: 20_250, faults: quick ? 3 : 50, pause: quick ? 1 : 10, say })
  const { faults, revoked, unconfirmed, requests, statuses, hung, longestLag, longestReliance, longestRefusal } = found
  const values = {
    faults: Object.values(faults).reduce((sum, count) => sum + count, 0),
    revoked,
    unconfirmed,
    requests,
    'longest lag s': longestLag,
    'longest reliance s': longestReliance,
    'longest refusal s': longestRefusal,
    hung,
    forgotten: found.forgotten,
    ended: found.ended,
  }
  return {
    rows: [{ setting: '4 processes', subject: 'all faults', values }],
    claims: [
      atMost('no request hangs', hung, 0),
      atMost('no process ends', found.ended, 0),
      atMost('nothing revoked is forgotten', found.forgotten, 0),
      atMost(`no revoked token is accepted ${statedLag} s after Redis is back`, longestLag, statedLag),
      atMost('nobody relies on what is older than maxStaleness', longestReliance, chaosList.maxStaleness),
    ],
    notes: [
      `Faults: ${Object.entries(faults)
        .map(([name, count]) => `${count} × ${name}`)
        .join(', ')}.`,
      `Statuses: ${Object.entries(statuses)
        .map(([status, count]) => `${count} × ${status}`)
        .join(', ')}.`,
    ],
  }
}
