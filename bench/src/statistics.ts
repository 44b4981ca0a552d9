/** The middle of the values; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which the share `of` (0 to 1) of the values lies, interpolated between neighbours. `NaN` of none. */
export function quantile(values: readonly number[], of: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * of
  const below = sorted[Math.floor(place)]
  const above = sorted[Math.ceil(place)]
  if (below === undefined || above === undefined) return Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

/** Where the middle half of the values lies. */
export function quartiles(values: readonly number[]): readonly [low: number, high: number] {
  return [quantile(values, 0.25), quantile(values, 0.75)]
}

/** Each value over the one of the same round. */
export function ratios(values: readonly number[], to: readonly number[]): number[] {
  return values.slice(0, to.length).map((value, round) => value / (to[round] ?? Number.NaN))
}

/** How much `y` grows with `x`: the median of the slopes between all pairs of points, which outliers do not move (Theil–Sen). */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const slopes = points.flatMap(([x, y], index) =>
    points.slice(index + 1).flatMap(([x2, y2]) => (x2 === x ? [] : [(y2 - y) / (x2 - x)])),
  )
  return median(slopes)
}
