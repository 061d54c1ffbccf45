import CNftnl

extension NFExpression {
    static let register = UInt32(NFT_REG_1.rawValue)

    /// The library's object for this expression, owned by the caller.
    func allocated() -> OpaquePointer {
        switch self {
        case .load(let meta):
            unsafe Self.make("meta", [(NFTNL_EXPR_META_KEY, meta.key), (NFTNL_EXPR_META_DREG, Self.register)])
        case .storeMark:
            unsafe Self.make("meta", [(NFTNL_EXPR_META_KEY, NFMeta.mark.key), (NFTNL_EXPR_META_SREG, Self.register)])
        case .loadConnection(let fact):
            unsafe Self.make("ct", [(NFTNL_EXPR_CT_KEY, fact.key), (NFTNL_EXPR_CT_DREG, Self.register)])
        case .storeConnection(let fact):
            unsafe Self.make("ct", [(NFTNL_EXPR_CT_KEY, fact.key), (NFTNL_EXPR_CT_SREG, Self.register)])
        case .storeOriginalZone: unsafe Self.originalZone()
        case .setTimeouts(let name): unsafe Self.timeouts(name)
        case .loadHeader(let header, let offsetBytes, let lengthBytes):
            unsafe Self.make(
                "payload",
                [
                    (NFTNL_EXPR_PAYLOAD_BASE, header.base), (NFTNL_EXPR_PAYLOAD_OFFSET, offsetBytes),
                    (NFTNL_EXPR_PAYLOAD_LEN, lengthBytes), (NFTNL_EXPR_PAYLOAD_DREG, Self.register),
                ])
        case .bitwise(let mask, let xor):
            unsafe Self.make(
                "bitwise",
                [
                    (NFTNL_EXPR_BITWISE_SREG, Self.register), (NFTNL_EXPR_BITWISE_DREG, Self.register),
                    (NFTNL_EXPR_BITWISE_LEN, UInt32(mask.count)),
                ],
                [(NFTNL_EXPR_BITWISE_MASK, mask), (NFTNL_EXPR_BITWISE_XOR, xor)])
        case .compare(let comparison, let bytes):
            unsafe Self.make(
                "cmp", [(NFTNL_EXPR_CMP_SREG, Self.register), (NFTNL_EXPR_CMP_OP, comparison.operation)],
                [(NFTNL_EXPR_CMP_DATA, bytes)])
        case .loadConstant(let bytes):
            unsafe Self.make("immediate", [(NFTNL_EXPR_IMM_DREG, Self.register)], [(NFTNL_EXPR_IMM_DATA, bytes)])
        case .redirect:
            unsafe Self.make("redir", [(NFTNL_EXPR_REDIR_REG_PROTO_MIN, Self.register)])
        case .rejectWithReset:
            unsafe Self.make("reject", [(NFTNL_EXPR_REJECT_TYPE, UInt32(NFT_REJECT_TCP_RST.rawValue))])
        case .accept:
            unsafe Self.make(
                "immediate",
                [
                    (NFTNL_EXPR_IMM_DREG, UInt32(NFT_REG_VERDICT.rawValue)),
                    (NFTNL_EXPR_IMM_VERDICT, UInt32(NF_ACCEPT)),
                ])
        case .unknown(let name): preconditionFailure("\(name) is read only")
        }
    }

    private static func originalZone() -> OpaquePointer {
        let expression = unsafe make(
            "ct", [(NFTNL_EXPR_CT_KEY, NFConnectionFact.zone.key), (NFTNL_EXPR_CT_SREG, register)])
        unsafe nftnl_expr_set_u8(expression, UInt16(NFTNL_EXPR_CT_DIR), UInt8(IP_CT_DIR_ORIGINAL.rawValue))
        return unsafe expression
    }

    private static func timeouts(_ name: String) -> OpaquePointer {
        let expression = unsafe make("objref", [(NFTNL_EXPR_OBJREF_IMM_TYPE, UInt32(NFT_OBJECT_CT_TIMEOUT))])
        _ = unsafe nftnl_expr_set_str(expression, UInt16(NFTNL_EXPR_OBJREF_IMM_NAME), name)
        return unsafe expression
    }

    private static func make(
        _ name: String, _ numbers: [(Int, UInt32)], _ data: [(Int, [UInt8])] = []
    ) -> OpaquePointer {
        guard let expression = unsafe nftnl_expr_alloc(name) else { preconditionFailure("no expression \(name)") }
        for (attribute, number) in numbers { unsafe nftnl_expr_set_u32(expression, UInt16(attribute), number) }
        for (attribute, bytes) in data {
            unsafe nftnl_expr_set(expression, UInt16(attribute), bytes, UInt32(bytes.count))
        }
        return unsafe expression
    }
}

extension NFComparison {
    var operation: UInt32 {
        switch self {
        case .equal: NFT_CMP_EQ.rawValue
        case .notEqual: NFT_CMP_NEQ.rawValue
        }
    }
}
