/** How objects move: a Kalman filter in real time for a value and its speed. Pure; worker threads. */

/** How certain a value and its speed are: standard deviations, and the correlation of both. Time is in seconds. */
export interface Spread {
  readonly value: number;
  readonly speed: number;
  readonly correlation: number;
}

/** What is known about a kind of movement. */
export interface MotionModel {
  /** Standard deviation of the speed of objects of which nothing is known. */
  readonly speed: number;
  /** Seconds for which a speed lasts. After a much longer time, nothing is known about it any more. */
  readonly lasts: number;
  /** Standard deviation of a measured value. */
  readonly noise: number;
}

/** A step in time: how far a speed of 1 carries, and what remains of it. */
export interface Stride {
  readonly reach: number;
  readonly remains: number;
}

/** Keeps the variance positive however the numbers are rounded. */
const maxCorrelation = 0.9999;

/** A speed fades as in an Ornstein-Uhlenbeck process, so neither it nor its variance grows without limit. */
export function strideOf({ lasts }: MotionModel, seconds: number): Stride {
  const remains = Math.exp(-seconds / lasts);
  return { reach: lasts * (1 - remains), remains };
}

/** What is known after the first measurement. */
export function firstSpread({ noise, speed }: MotionModel): Spread {
  return { value: noise, speed, correlation: 0 };
}

/**
 * The spread after `seconds` without a measurement. The exact solution of dv = −v/τ dt + √(2σ²/τ) dW with τ = `lasts` and σ = `speed`:
 * many short steps give the same as a long one (Uhlenbeck and Ornstein 1930).
 */
export function spreadLater(spread: Spread, model: MotionModel, seconds: number): Spread {
  const { lasts, speed: sigma } = model;
  const { reach, remains } = strideOf(model, seconds);
  const lost = 1 - remains;
  const covariance = spread.correlation * spread.value * spread.speed;
  const drift = 2 * lasts * seconds - lasts * lasts * (3 - 4 * remains + remains * remains);
  const value =
    spread.value ** 2 + 2 * reach * covariance + (reach * spread.speed) ** 2 + sigma ** 2 * Math.max(drift, 0);
  const speed = (remains * spread.speed) ** 2 + sigma ** 2 * (1 - remains * remains);
  const both = remains * (covariance + reach * spread.speed ** 2) + sigma ** 2 * lasts * lost * lost;
  return toSpread(value, speed, both);
}

/** The Kalman gains of a measurement: what share of its surprise is added to the value, and to the speed. */
export interface Gains {
  readonly value: number;
  readonly speed: number;
}

/** @returns the gains, and the spread after the measurement. */
export function measure(spread: Spread, noise: number): Gains & { readonly spread: Spread } {
  const variance = spread.value ** 2;
  const total = variance + noise ** 2;
  const covariance = spread.correlation * spread.value * spread.speed;
  const gains = { value: variance / total, speed: covariance / total };
  const after = toSpread(
    variance * (1 - gains.value),
    spread.speed ** 2 - gains.speed * covariance,
    covariance * (1 - gains.value),
  );
  return { ...gains, spread: after };
}

function toSpread(valueVariance: number, speedVariance: number, covariance: number): Spread {
  const value = Math.sqrt(Math.max(valueVariance, 0));
  const speed = Math.sqrt(Math.max(speedVariance, 0));
  const product = value * speed;
  const correlation = product > 0 ? covariance / product : 0;
  return { value, speed, correlation: Math.min(Math.max(correlation, -maxCorrelation), maxCorrelation) };
}
