/// Decides where in an arena each array of a call lies, reusing the place of those that are no longer read.
struct MemoryPlan {
  /// Numbers needed in all.
  private(set) var capacity = 0
  private var free: [(start: Int, count: Int)] = []

  /// A place for `count` numbers, aligned.
  mutating func take(_ count: Int) -> Int {
    let needed = Arena.rounded(count)
    guard needed > 0 else { return 0 }
    // The smallest gap that is large enough.
    var best: Int?
    for (index, gap) in free.enumerated() where gap.count >= needed {
      if best.map({ free[$0].count > gap.count }) ?? true { best = index }
    }
    guard let best else {
      let start = capacity
      capacity += needed
      return start
    }
    let start = free[best].start
    free[best].start += needed
    free[best].count -= needed
    if free[best].count == 0 { free.remove(at: best) }
    return start
  }

  /// Gives a place back.
  mutating func release(_ start: Int, _ count: Int) {
    let size = Arena.rounded(count)
    guard size > 0 else { return }
    var merged = (start: start, count: size)
    free.removeAll { gap in
      if gap.start + gap.count == merged.start {
        merged = (gap.start, gap.count + merged.count)
        return true
      }
      if merged.start + merged.count == gap.start {
        merged.count += gap.count
        return true
      }
      return false
    }
    free.append(merged)
  }
}
