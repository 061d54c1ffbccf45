import CNftnl

extension NFExpression {
    /// What the kernel gave back. Whatever we would not have written that way is `unknown`.
    init(reading expression: OpaquePointer) {
        let fields = unsafe ExpressionFields(expression)
        self = fields.known ?? .unknown(fields.name)
    }
}

/// An expression of the library's, borrowed while a rule is read.
@safe private struct ExpressionFields {
    private let expression: OpaquePointer
    let name: String

    init(_ expression: OpaquePointer) {
        unsafe self.expression = expression
        name = unsafe nftnl_expr_get_str(expression, UInt16(NFTNL_EXPR_NAME)).map { unsafe String(cString: $0) } ?? ""
    }

    var known: NFExpression? {
        switch name {
        case "meta": meta
        case "ct": connection
        case "payload": header
        case "objref": timeouts
        case "bitwise": bitwise
        case "cmp": comparison
        case "immediate": immediate
        case "redir": redirect
        case "reject": number(NFTNL_EXPR_REJECT_TYPE) == NFT_REJECT_TCP_RST.rawValue ? .rejectWithReset : nil
        default: nil
        }
    }

    private var meta: NFExpression? {
        guard let key = number(NFTNL_EXPR_META_KEY), let meta = NFMeta.allCases.first(where: { $0.key == key }) else {
            return nil
        }
        if isRegister(NFTNL_EXPR_META_DREG) { return .load(meta) }
        return isRegister(NFTNL_EXPR_META_SREG) && meta == .mark ? .storeMark : nil
    }

    private var connection: NFExpression? {
        guard let key = number(NFTNL_EXPR_CT_KEY),
            let fact = NFConnectionFact.allCases.first(where: { $0.key == key })
        else { return nil }
        if unsafe nftnl_expr_is_set(expression, UInt16(NFTNL_EXPR_CT_DIR)) { return originalZone(fact) }
        if isRegister(NFTNL_EXPR_CT_DREG) { return .loadConnection(fact) }
        return isRegister(NFTNL_EXPR_CT_SREG) ? .storeConnection(fact) : nil
    }

    private func originalZone(_ fact: NFConnectionFact) -> NFExpression? {
        let direction = unsafe nftnl_expr_get_u8(expression, UInt16(NFTNL_EXPR_CT_DIR))
        let isOriginal = UInt32(direction) == IP_CT_DIR_ORIGINAL.rawValue
        return fact == .zone && isOriginal && isRegister(NFTNL_EXPR_CT_SREG) ? .storeOriginalZone : nil
    }

    private var header: NFExpression? {
        guard isRegister(NFTNL_EXPR_PAYLOAD_DREG), let base = number(NFTNL_EXPR_PAYLOAD_BASE),
            let header = NFHeader.allCases.first(where: { $0.base == base }),
            let offset = number(NFTNL_EXPR_PAYLOAD_OFFSET), let length = number(NFTNL_EXPR_PAYLOAD_LEN)
        else { return nil }
        return .loadHeader(header, offsetBytes: offset, lengthBytes: length)
    }

    private var timeouts: NFExpression? {
        guard number(NFTNL_EXPR_OBJREF_IMM_TYPE) == UInt32(NFT_OBJECT_CT_TIMEOUT),
            let name = unsafe nftnl_expr_get_str(expression, UInt16(NFTNL_EXPR_OBJREF_IMM_NAME))
        else { return nil }
        return unsafe .setTimeouts(String(cString: name))
    }

    private var bitwise: NFExpression? {
        guard isRegister(NFTNL_EXPR_BITWISE_SREG), isRegister(NFTNL_EXPR_BITWISE_DREG),
            number(NFTNL_EXPR_BITWISE_OP) ?? 0 == NFT_BITWISE_MASK_XOR.rawValue
        else { return nil }
        return .bitwise(mask: data(NFTNL_EXPR_BITWISE_MASK), xor: data(NFTNL_EXPR_BITWISE_XOR))
    }

    private var comparison: NFExpression? {
        guard isRegister(NFTNL_EXPR_CMP_SREG) else { return nil }
        switch number(NFTNL_EXPR_CMP_OP) {
        case NFComparison.equal.operation: return .compare(.equal, data(NFTNL_EXPR_CMP_DATA))
        case NFComparison.notEqual.operation: return .compare(.notEqual, data(NFTNL_EXPR_CMP_DATA))
        default: return nil
        }
    }

    private var immediate: NFExpression? {
        if isRegister(NFTNL_EXPR_IMM_DREG) { return .loadConstant(data(NFTNL_EXPR_IMM_DATA)) }
        let isAccept = number(NFTNL_EXPR_IMM_VERDICT) == UInt32(NF_ACCEPT)
        return number(NFTNL_EXPR_IMM_DREG) == UInt32(NFT_REG_VERDICT.rawValue) && isAccept ? .accept : nil
    }

    /// The kernel gives back an end of the range that was not written (nft_redir_dump).
    private var redirect: NFExpression? {
        guard isRegister(NFTNL_EXPR_REDIR_REG_PROTO_MIN), isRegister(NFTNL_EXPR_REDIR_REG_PROTO_MAX),
            number(NFTNL_EXPR_REDIR_FLAGS) ?? 0 | UInt32(NF_NAT_RANGE_PROTO_SPECIFIED)
                == UInt32(NF_NAT_RANGE_PROTO_SPECIFIED)
        else { return nil }
        return .redirect
    }

    private func isRegister(_ attribute: Int) -> Bool { number(attribute) == NFExpression.register }

    private func number(_ attribute: Int) -> UInt32? {
        guard unsafe nftnl_expr_is_set(expression, UInt16(attribute)) else { return nil }
        return unsafe nftnl_expr_get_u32(expression, UInt16(attribute))
    }

    private func data(_ attribute: Int) -> [UInt8] {
        var count: UInt32 = 0
        guard let bytes = unsafe nftnl_expr_get(expression, UInt16(attribute), &count) else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
    }
}
