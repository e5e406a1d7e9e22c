// When the own picture goes and when it comes back. Sound is never touched: it is what a visit needs.
// Pure: samples in, decisions out.

/**
 * One look at the connections, about every second. Nulls are unknown.
 * @typedef {{atMs: number, availableBps: number | null, loss: number | null, rttMs: number | null}} Sample
 */

/** Under this there is no room for a picture beside the sound, in bit/s. */
const POOR_BPS = 150000;
/** Share of packets the other side did not get. */
const HEAVY_LOSS = 0.12;
const GOOD_LOSS = 0.04;
const SLOW_MS = 1200;
const GOOD_RTT_MS = 500;
const DROP_AFTER_MS = 5000;
const BACK_AFTER_MS = 20000;
/** A picture that had to go again soon waits longer the next time. */
const LONGEST_MS = 120000;
/** What the picture may use when it comes back, in bit/s, one step every five good seconds. */
export const STEPS = [150000, 300000, 500000, 800000];
const STEP_MS = 5000;
/** What sound may use, in bit/s. It goes out twice, to the other side and to the recorder: both must fit through. */
const VOICE = { full: 32000, narrow: 14000 };

export class Quality {
  constructor() {
    /** The picture is held back. */
    this.isReduced = false;
    this.step = STEPS.length - 1;
    this.waitMs = BACK_AFTER_MS;
    /** Since when it has been as it is now; 0: not at all. */
    this.poorSince = 0;
    this.goodSince = 0;
    this.backAt = 0;
    this.stepAt = 0;
  }

  /** What the picture may use now, in bit/s. */
  get capBps() {
    return STEPS[this.step];
  }

  get audioBps() {
    return this.isReduced ? VOICE.narrow : VOICE.full;
  }

  /**
   * @param {Sample} sample
   * @returns {'' | 'drop' | 'restore' | 'step'} what is to be done
   */
  see(sample) {
    const poor = isPoor(sample, this.isReduced);
    const good = isGood(sample);
    this.poorSince = poor ? this.poorSince || sample.atMs : 0;
    this.goodSince = good ? this.goodSince || sample.atMs : 0;
    if (this.isReduced) return this.mayReturn(sample.atMs);
    if (poor && sample.atMs - this.poorSince >= DROP_AFTER_MS) return this.drop(sample.atMs);
    if (good && this.step < STEPS.length - 1 && sample.atMs - this.stepAt >= STEP_MS) {
      this.step += 1;
      this.stepAt = sample.atMs;
      return 'step';
    }
    return '';
  }

  /** @param {number} atMs @returns {'drop'} */
  drop(atMs) {
    const soon = this.backAt && atMs - this.backAt < 60000;
    this.waitMs = soon ? Math.min(this.waitMs * 2, LONGEST_MS) : BACK_AFTER_MS;
    this.isReduced = true;
    this.poorSince = 0;
    this.goodSince = 0;
    return 'drop';
  }

  /** @param {number} atMs @returns {'' | 'restore'} */
  mayReturn(atMs) {
    if (!this.goodSince || atMs - this.goodSince < this.waitMs) return '';
    this.isReduced = false;
    this.step = 0;
    this.backAt = atMs;
    this.stepAt = atMs;
    return 'restore';
  }
}

/** @param {Sample} sample @param {boolean} soundOnly */
function isPoor(sample, soundOnly) {
  // Without a picture the estimate only knows the little that sound sends.
  const narrow = !soundOnly && sample.availableBps !== null && sample.availableBps < POOR_BPS;
  return narrow || (sample.loss !== null && sample.loss >= HEAVY_LOSS) || (sample.rttMs !== null && sample.rttMs > SLOW_MS);
}

/** @param {Sample} sample */
function isGood(sample) {
  if (sample.loss === null && sample.rttMs === null) return false;
  return (sample.loss === null || sample.loss <= GOOD_LOSS) && (sample.rttMs === null || sample.rttMs <= GOOD_RTT_MS);
}
