import LSTMModel

extension HDF5Walk {
  /// What the elements of a dataset or an attribute are.
  struct Datatype {
    /// The kinds that are let through.
    enum Kind: Equatable {
      case integer, float, string, opaque, reference, enumeration, record, array
      /// Variable-length text in a global heap.
      case text
      /// Variable-length lists in a global heap, of elements of so many bytes.
      case list(Int)
    }

    let kind: Kind
    /// Bytes of one element.
    let size: Int

    /// Bytes of one item behind a reference to a global heap; `nil` where elements are stored in place.
    var heapItemSize: Int? {
      switch kind {
      case .text: return 1
      case .list(let size): return size
      default: return nil
      }
    }

    /// Reads a datatype; `nesting` tells how many more it may contain one within the other.
    init(_ reader: inout ByteReader, nesting: Int = 2) throws(LSTMError) {
      let start = reader.at
      let head = try reader.u8()
      let bits = try reader.length(3)
      let size = try reader.u32()
      let version = head >> 4
      guard (1...3).contains(version) else { throw reader.damage("has version \(version); 1 to 3 are known") }
      guard size > 0 else { throw reader.damage("has elements of 0 bytes") }
      self.size = size
      guard nesting > 0 || head & 15 < 6 else { throw .unsupported("its elements are records or lists within each other, which is not supported") }
      switch head & 15 {
      case 0: kind = try Datatype.integer(&reader, bits, size)
      case 1: kind = try Datatype.float(&reader, bits, size)
      case 3: kind = try Datatype.string(reader, bits)
      case 5: kind = try Datatype.opaque(&reader, bits)
      case 6: kind = try Datatype.record(&reader, bits, size, version, nesting - 1)
      case 7: kind = try Datatype.reference(reader, bits, size)
      case 8: kind = try Datatype.enumeration(&reader, bits, size, version)
      case 9: kind = try Datatype.variable(&reader, bits, size, nesting - 1)
      case 10: kind = try Datatype.array(&reader, size, version, nesting - 1)
      case 2: throw .unsupported("its elements are times, which is not supported")
      case 4: throw .unsupported("its elements are bit fields, which is not supported")
      default: throw .format("its datatype at byte \(start) is of the unknown class \(head & 15): the file is damaged")
      }
    }

    private static func integer(_ reader: inout ByteReader, _ bits: Int, _ size: Int) throws(LSTMError) -> Kind {
      let offset = try reader.u16()
      let precision = try reader.u16()
      guard bits & ~0x0f == 0, size <= 16, exponent(size) != nil, offset == 0, precision == 8 * size else {
        throw reader.damage("is an unusual integer: \(precision) bits in \(size) bytes from bit \(offset), options \(bits)")
      }
      return .integer
    }

    private static func float(_ reader: inout ByteReader, _ bits: Int, _ size: Int) throws(LSTMError) -> Kind {
      let offset = try reader.u16()
      let precision = try reader.u16()
      let exponentAt = try reader.u8()
      let exponentSize = try reader.u8()
      let mantissaAt = try reader.u8()
      let mantissaSize = try reader.u8()
      let bias = try reader.u32()
      let sign = bits >> 8 & 0xff
      // Bits 0 and 6: byte order (6 is VAX). Bits 1 to 3: padding. Bits 4 and 5: normalisation. From bit 8: the sign's place.
      guard bits & ~0xff3f == 0, bits >> 4 & 3 <= 2, [2, 4, 8, 16].contains(size), offset == 0, precision > 0, precision <= 8 * size
      else {
        throw reader.damage("is an unusual float: \(precision) bits in \(size) bytes from bit \(offset), options \(bits)")
      }
      guard mantissaSize > 0, (2...15).contains(exponentSize), bias < 1 << exponentSize, mantissaAt + mantissaSize <= exponentAt,
        exponentAt + exponentSize <= sign, sign < precision
      else { throw reader.damage("is a float whose sign, exponent and mantissa do not fit together") }
      return .float
    }

    private static func string(_ reader: ByteReader, _ bits: Int) throws(LSTMError) -> Kind {
      guard bits & 15 <= 2, bits >> 4 <= 1 else { throw reader.damage("is a string of an unknown kind") }
      return .string
    }

    private static func opaque(_ reader: inout ByteReader, _ bits: Int) throws(LSTMError) -> Kind {
      guard bits & ~0xf8 == 0 else { throw reader.damage("is opaque with a tag of the wrong length") }
      try reader.skip(bits)
      return .opaque
    }

    private static func reference(_ reader: ByteReader, _ bits: Int, _ size: Int) throws(LSTMError) -> Kind {
      guard bits == 0 && size == 8 || bits == 1 && size == 12 else { throw reader.damage("is a reference of an unknown kind") }
      return .reference
    }

    private static func variable(
      _ reader: inout ByteReader, _ bits: Int, _ size: Int, _ nesting: Int
    ) throws(LSTMError) -> Kind {
      let base = try Datatype(&reader, nesting: nesting)
      // A length of 4 bytes, an address of 8, an index of 4.
      guard size == 16 else { throw reader.damage("has variable-length elements of \(size) bytes; expected 16") }
      switch bits & 15 {
      case 0:
        guard bits == 0, base.kind == .integer || base.kind == .float else {
          throw .unsupported("its elements are variable-length lists of something else than numbers, which is not supported")
        }
        return .list(base.size)
      case 1:
        guard bits >> 4 & 15 <= 2, bits >> 8 <= 1, base.size == 1, base.kind == .string || base.kind == .integer else {
          throw reader.damage("is variable-length text of an unknown kind")
        }
        return .text
      default: throw reader.damage("has variable-length elements of an unknown kind")
      }
    }
  }
}
