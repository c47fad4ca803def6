// Products with weights of two bytes (bf16) or one (int8 with a scale for each column). A 32-bit lane of a vector of weights belongs to one
// column and holds its weights for 2 or 4 successive k, so that a vector read from memory serves several multiply-adds.
#if !LSTM_FLOAT64
  import CVector

  /// Form 0, bf16: the upper half of a lane is the weight for k, the lower half the one for k + 1; x are floats that bf16 holds.
  ///
  /// Form 1, int8: the lower bytes of a lane's halves are the weights for k and k + 1, the upper bytes those for k + 2 and k + 3; x are pairs of 16-bit
  /// numbers, as ``quantize`` makes them, and a multiply-add is one of integers. In both forms a vector of weights meets two words of x.
  @_transparent
  private func first<let F: Int>(_ form: Count<F>.Type, _ weights: Vector) -> Vector {
    F == 0 ? lstm_bf16_high(weights) : lstm_int8_low(weights)
  }

  /// The part of the weights that meets the second word.
  @_transparent
  private func second<let F: Int>(_ form: Count<F>.Type, _ weights: Vector) -> Vector {
    F == 0 ? lstm_bf16_low(weights) : lstm_int8_high(weights)
  }

  /// A sum with one more word of x.
  @_transparent
  private func summed<let F: Int>(_ form: Count<F>.Type, _ sum: Vector, _ weights: Vector, _ word: Vector) -> Vector {
    F == 0 ? fused(sum, weights, word) : lstm_dot(sum, weights, word)
  }

  /// The sums of a tile as in ``tileSums``, with weights of few bytes. In form 1 they are integers and start from 0.
  ///
  /// In form 0 each sum is one chain over k in ascending order; sums of integers are exact in any order.
  ///
  /// - Shapes: `x [R]` rows of `count` words, `xStride` apart; `weights [G, ⌈count / 2⌉, P, lanes]`; `start [G, P, lanes]`. In form 1 `count` is even.
  @_transparent
  func lowSums<let F: Int, let R: Int, let G: Int, let P: Int, let S: Int>(
    _ form: Count<F>.Type, _ shape: (Count<R>.Type, Count<G>.Type, Count<P>.Type), _ zeros: Count<S>,
    _ x: UnsafePointer<Scalar>, _ xStride: Int, _ count: Int, _ weights: UnsafePointer<Scalar>, _ start: UnsafePointer<Scalar>
  ) -> InlineArray<S, Vector> {
    var sums = zeros
    if F == 0 {
      for row in 0..<R {
        for panel in 0..<(G &* P) {
          // SAFETY: start holds G·P vectors.
          sums[row &* (G &* P) &+ panel] = unsafe load(start + panel &* lanes)
        }
      }
    }
    let pairs = count / 2
    let groupSize = (count &+ 1) / 2 &* (P &* lanes)
    var pair = 0
    while pair < pairs {
      // SAFETY: pair < pairs; each group holds ⌈count / 2⌉·P vectors.
      let w = unsafe weights + pair &* (P &* lanes)
      let words = unsafe x + pair &* 2
      for group in 0..<G {
        for panel in 0..<P {
          // SAFETY: as for w.
          let vector = unsafe load(w + (group &* groupSize &+ panel &* lanes))
          let early = first(form, vector)
          let late = second(form, vector)
          for row in 0..<R {
            let at = (row &* G &+ group) &* P &+ panel
            // SAFETY: row < R, and 2·pair + 1 < count.
            let word = unsafe all(words[row &* xStride])
            let next = unsafe all(words[row &* xStride &+ 1])
            sums[at] = summed(form, summed(form, sums[at], early, word), late, next)
          }
        }
      }
      pair &+= 1
    }
    if F == 0 && count & 1 == 1 {
      // SAFETY: the last vectors of each group; their lower halves are unused.
      let w = unsafe weights + pairs &* (P &* lanes)
      for group in 0..<G {
        for panel in 0..<P {
          let early = unsafe first(form, load(w + (group &* groupSize &+ panel &* lanes)))
          for row in 0..<R {
            let at = (row &* G &+ group) &* P &+ panel
            // SAFETY: row < R, and the last word of x.
            sums[at] = unsafe summed(form, sums[at], early, all(x[row &* xStride &+ count &- 1]))
          }
        }
      }
    }
    return sums
  }
#endif
