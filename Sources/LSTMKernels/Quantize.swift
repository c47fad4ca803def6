#if !LSTM_FLOAT64
  import CDot
  import CVector

  /// Writes rows as a product with the matrix wants them: rounded to bf16, or as integers with one scale each: `x ≈ scale · q`, |q| ≤ the
  /// matrix's limit; ties to even.
  ///
  /// The scale is the row's largest magnitude by the limit, so that a row's numbers depend on nothing but the row. A row that holds a NaN or an
  /// infinity has NaN as its scale; one whose numbers are all below 1e-30 is taken for zeros.
  ///
  /// - Shapes: `x [rows, count]`, rows `xStride` apart, any alignment. `q`: rows `qStride` words apart, of the matrix's words: a float for each bf16 number,
  ///   or for CDot two numbers, the first in the upper half; two 16-bit integers, zeros behind the last, and then the scale, or for CDot bytes of four of
  ///   them, see `lstm_dot_quantize`.
  /// - Requires: the matrix's limit is at most 32767; each row of q has room for whole vectors of its words and a word more.
  @inline(never)  // see project
  public func quantize(
    _ matrix: UnsafeRawPointer, _ x: UnsafePointer<Scalar>, _ xStride: Int, rows: Int, _ q: UnsafeMutablePointer<Scalar>, _ qStride: Int
  ) {
    unsafe quantizeRows(matrix.assumingMemoryBound(to: LowMatrix.self), x, xStride, rows, q, qStride)
  }

  /// The same.
  @inline(never)
  func quantizeRows(
    _ matrix: UnsafePointer<LowMatrix>, _ x: UnsafePointer<Scalar>, _ xStride: Int, _ rows: Int, _ q: UnsafeMutablePointer<Scalar>, _ qStride: Int
  ) {
    let it = unsafe matrix.pointee
    let (count, words, limit) = unsafe (it.count, it.words, it.limit)
    switch unsafe it.form {
    case LSTM_LOW_BF16, LSTM_DOT_BF16: return unsafe roundRows(it, x, xStride, rows, q, qStride)
    case LSTM_DOT_INT8: return unsafe lstm_dot_quantize(x, Int64(xStride), Int64(rows), Int64(count), Int64(limit), 2, q, Int64(qStride))
    case LSTM_DOT_W8A8: return unsafe lstm_dot_quantize(x, Int64(xStride), Int64(rows), Int64(count), Int64(limit), 1, q, Int64(qStride))
    default: break
    }
    var row = 0
    while row < rows {
      // SAFETY: the row exists on both sides.
      let from = unsafe x + row &* xStride
      let to = unsafe q + row &* qStride
      var largest = Vector.zero
      // 0 for finite numbers, else NaN.
      var fault = Vector.zero
      var done = 0
      while done < count {
        let vector = unsafe loadPart(from + done, count &- done)
        largest = lstm_greater(lstm_magnitude(vector), largest)
        fault += vector * Vector.zero
        done &+= lanes
      }
      var magnitude: Scalar = 0
      var lane = 0
      while lane < lanes {
        if largest[lane] > magnitude { magnitude = largest[lane] }
        magnitude += fault[lane]
        lane &+= 1
      }
      let steps = Scalar(limit)
      let factor = all(magnitude > 1e-30 ? steps / magnitude : 0)
      done = 0
      // The words of two vectors of x fill one of q: number by number, from the lower halves of the lanes.
      let numbers = UnsafeMutableRawPointer(to)
      while done < words &* 2 {
        let left = count &- done
        let rounded = lstm_to_integers((left > 0 ? unsafe loadPart(from + done, left) : Vector.zero) * factor)
        // SAFETY: room for whole vectors of words: see the requirement.
        unsafe lstm_store_words(numbers + done &* 2, rounded)
        done &+= lanes
      }
      unsafe to[words] = magnitude / steps
      row &+= 1
    }
  }

  /// Rows as bf16.
  @inline(never)
  func roundRows(_ it: LowMatrix, _ x: UnsafePointer<Scalar>, _ xStride: Int, _ rows: Int, _ q: UnsafeMutablePointer<Scalar>, _ qStride: Int) {
    let count = unsafe it.count
    if unsafe it.form == LSTM_DOT_BF16 { return unsafe lstm_dot_round(x, Int64(xStride), Int64(rows), Int64(count), q, Int64(qStride)) }
    var row = 0
    while row < rows {
      // SAFETY: the row exists on both sides.
      let from = unsafe x + row &* xStride
      let to = unsafe UnsafeMutableRawPointer(q + row &* qStride)
      var done = 0
      while done < count {
        // SAFETY: room for whole vectors of words: see the requirement.
        unsafe to.storeBytes(of: lstm_bf16_rounded(loadPart(from + done, count &- done)), toByteOffset: done &* 4, as: Vector.self)
        done &+= lanes
      }
      row &+= 1
    }
  }
#endif
