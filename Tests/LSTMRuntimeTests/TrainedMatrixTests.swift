import LSTMModel
import Testing

@testable import LSTMRuntime

@Suite struct `A matrix in training` {
  /// Numbers between −1 and 1, the same every time.
  private func numbers(_ count: Int, seed: Int) throws -> (Floats, Arena) {
    let arena = try Arena(capacity: max(count, 1), for: "a test")
    let floats = arena.floats(count)
    for index in 0..<count { floats[index] = Float((index &* 7919 &+ seed &* 104_729) % 2001 - 1000) / 1000 }
    return (floats, arena)
  }

  /// Rows around where sums are closed, counts around the tiles' sizes and around where vectors are gathered.
  static let shapes = [(1, 1), (3, 6), (127, 8), (128, 9), (129, 13), (255, 23), (256, 24), (257, 31), (600, 40)]

  @Test(arguments: KernelTable.supported) func `has the gradient that plain sums have`(_ kernels: KernelTable) throws {
    let training = TrainingKernels(kernels)
    for (rows, count) in Self.shapes {
      for panels in [1, 2, 3, 4, 5, 99] {
        let width = panels * kernels.lanes
        let (stride, xStride) = (width + kernels.lanes, count + 3)
        let (x, keepX) = try numbers(rows * xStride, seed: 1)
        let (z, keepZ) = try numbers(rows * stride, seed: 2)
        let (out, keepOut) = try numbers(count * stride, seed: 3)
        let (scratch, keepScratch) = try numbers(training.outerScratch(count: count), seed: 4)
        let before = out.array
        training.outer(x, stride: xStride, count: count, z, stride: stride, width: width, rows: rows, into: out, stride: stride, scratch: scratch)
        var worst = 0.0
        for i in 0..<count {
          for j in 0..<stride {
            var sum = Double(before[i * stride + j])
            if j < width { for row in 0..<rows { sum += Double(x[row * xStride + i]) * Double(z[row * stride + j]) } }
            worst = max(worst, abs(Double(out[i * stride + j]) - sum))
          }
        }
        // So many roundings of sums that stay below 32.
        #expect(worst <= Double(min(rows, 256) + 8) * 1e-6, "\(rows) rows, \(count) numbers, \(panels) vectors: off by \(worst)")
        withExtendedLifetime((keepX, keepZ, keepOut, keepScratch)) {}
      }
    }
  }

  @Test(arguments: KernelTable.supported) func `adds to the gradients of its own columns alone`(_ kernels: KernelTable) throws {
    let (count, columns, rows) = (3, kernels.lanes, 5)
    for own in [columns / 2, columns] {
      let matrix = try TrainedMatrix(count: count, columns: columns, order: (0..<own).map { $0 }, kernels: kernels)
      let (x, keepX) = try numbers(rows * count, seed: 1)
      let (dz, keepZ) = try numbers(rows * matrix.width, seed: 2)
      let (all, keepAll) = try numbers(count * columns + 1, seed: 3)
      let (scratch, keepScratch) = try numbers(matrix.gradientScratch, seed: 4)
      // Where vectors begin, and between them.
      for start in 0...1 {
        let gradient = all.slice(start, count * columns)
        let before = gradient.array
        matrix.addGradient(x: x, stride: count, dz: dz, stride: matrix.width, rows: rows, to: gradient, bias: nil, scratch: scratch)
        for k in 0..<count {
          for column in 0..<columns {
            var sum = Double(before[k * columns + column])
            if column < own { for row in 0..<rows { sum += Double(x[row * count + k]) * Double(dz[row * matrix.width + column]) } }
            #expect(abs(Double(gradient[k * columns + column]) - sum) <= 1e-5)
          }
        }
      }
      withExtendedLifetime((keepX, keepZ, keepAll, keepScratch)) {}
    }
  }

  @Test(arguments: KernelTable.supported) func `multiplies by itself and by its transpose after each change`(_ kernels: KernelTable) throws {
    for (count, columns) in [(1, 1), (5, 12), (8, 33), (17, 70), (40, 128)] {
      let matrix = try TrainedMatrix(count: count, columns: columns, kernels: kernels)
      let (bias, keepBias) = try numbers(columns, seed: 5)
      for seed in 6...7 {
        let (weights, keepWeights) = try numbers(count * columns, seed: seed)
        matrix.refresh(weights, bias: bias)
        let (one, keepOne) = try numbers(count, seed: 0)
        let (out, keepOut) = try numbers(matrix.width, seed: 0)
        let (dz, keepZ) = try numbers(matrix.width, seed: 0)
        let (dx, keepX) = try numbers(matrix.backwardWidth, seed: 0)
        for k in 0..<count {
          one.fill(0)
          one[k] = 1
          matrix.apply(one, stride: count, rows: 1, into: out, stride: matrix.width)
          for column in 0..<columns { #expect(out[column] == bias[column] + weights[k * columns + column]) }
        }
        for column in 0..<columns {
          dz.fill(0)
          dz[column] = 1
          matrix.applyTransposed(dz, stride: matrix.width, rows: 1, into: dx)
          for k in 0..<count { #expect(dx[k] == weights[k * columns + column]) }
        }
        withExtendedLifetime((keepWeights, keepOne, keepOut, keepZ, keepX)) {}
      }
      withExtendedLifetime(keepBias) {}
    }
  }
}
