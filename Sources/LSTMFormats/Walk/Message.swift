import LSTMModel

extension HDF5Walk {
  /// One message of an object header: a property of the object.
  struct Message {
    /// The types of messages, by their numbers in the file.
    enum Kind: Int {
      case nothing = 0x00
      case dataspace = 0x01
      case linkInfo = 0x02
      case datatype = 0x03
      case oldFillValue = 0x04
      case fillValue = 0x05
      case link = 0x06
      case externalFiles = 0x07
      case layout = 0x08
      case groupInfo = 0x0a
      case filters = 0x0b
      case attribute = 0x0c
      case comment = 0x0d
      case oldModificationTime = 0x0e
      case sharedTable = 0x0f
      case continuation = 0x10
      case symbolTable = 0x11
      case modificationTime = 0x12
      case treeSizes = 0x13
      case driverInfo = 0x14
      case attributeInfo = 0x15
      case referenceCount = 0x16
      case fileSpace = 0x17
      case cacheImage = 0x18

      /// Whether an object may have several of them.
      var repeats: Bool {
        switch self {
        case .nothing, .link, .attribute, .continuation: return true
        default: return false
        }
      }

      /// How an error names it.
      var subject: String {
        switch self {
        case .nothing: return "an empty message"
        case .dataspace: return "the dataspace"
        case .linkInfo: return "the link information"
        case .datatype: return "the datatype"
        case .oldFillValue: return "the old fill value"
        case .fillValue: return "the fill value"
        case .link: return "a link"
        case .externalFiles: return "the list of external files"
        case .layout: return "the data layout"
        case .groupInfo: return "the group information"
        case .filters: return "the filter pipeline"
        case .attribute: return "an attribute"
        case .comment: return "the comment"
        case .oldModificationTime, .modificationTime: return "the modification time"
        case .sharedTable: return "the table of shared messages"
        case .continuation: return "a continuation"
        case .symbolTable: return "the symbol table"
        case .treeSizes: return "the tree sizes"
        case .driverInfo: return "the driver information"
        case .attributeInfo: return "the attribute information"
        case .referenceCount: return "the reference count"
        case .fileSpace: return "the file space information"
        case .cacheImage: return "the cache image"
        }
      }
    }

    /// What it tells.
    let kind: Kind
    /// Whether its body only says where the message proper is.
    let isShared: Bool
    /// Where its body lies in the file.
    let body: Range<Int>

    /// Reads the body.
    func reader(_ file: File) -> ByteReader {
      ByteReader(file.bytes, body, kind.subject)
    }
  }
}
